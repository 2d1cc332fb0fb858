import { clipFinding, mergeFindings } from './adopt-merge.ts'
import { keepUse } from './key-row.ts'
import type {
  AdoptFinding,
  AdoptRecords,
  Graduation,
  KeyRecords,
  KeyRow,
  KeyUse,
  Meta,
  Records,
} from './records.ts'
import { MAX_FINDINGS_PER_OPERATION, StoreError } from './records.ts'
import { MemoryRelations } from './relations/memory-relations.ts'

/** Records that live as long as the process; for tests and for `store: memory`. Everything is synchronous. */
export class MemoryRecords implements Records {
  readonly keys: MemoryKeys = new MemoryKeys()
  readonly adopt: MemoryAdopt = new MemoryAdopt()
  readonly meta: MemoryMeta = new MemoryMeta()
  readonly relations: MemoryRelations = new MemoryRelations()

  readonly migrated = 0

  changeToken(): number {
    return this.keys.changes
  }

  open(): void {
    // Nothing to open.
  }

  onAway(): void {
    // Never.
  }

  close(): void {
    this.keys.clear()
  }
}

class MemoryKeys implements KeyRecords {
  readonly #rows = new Map<string, KeyRow>()
  changes = 0

  insert(row: KeyRow): void {
    if (this.#rows.has(row.id)) throw new StoreError('conflict', `key ${row.id} exists`)
    this.#rows.set(row.id, row)
    this.changes++
  }

  insertNew(rows: readonly KeyRow[]): readonly string[] {
    const taken: string[] = []
    for (const row of rows) {
      if (this.#rows.has(row.id)) taken.push(row.id)
      else this.insert(row)
    }
    return taken
  }

  get(id: string): KeyRow | undefined {
    return this.#rows.get(id)
  }

  list(): readonly KeyRow[] {
    return [...this.#rows.values()].sort(
      (a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1),
    )
  }

  update(id: string, change: (row: KeyRow) => KeyRow): KeyRow | undefined {
    const old = this.#rows.get(id)
    if (old === undefined) return undefined
    const row = keepUse(old, change(old))
    this.#rows.set(id, row)
    this.changes++
    return row
  }

  delete(id: string): boolean {
    this.changes++
    return this.#rows.delete(id)
  }

  touch(uses: readonly KeyUse[]): void {
    for (const use of uses) {
      const row = this.#rows.get(use.id)
      if (row !== undefined) this.#rows.set(use.id, withUse(row, use))
    }
  }

  clear(): void {
    this.#rows.clear()
  }
}

function withUse(row: KeyRow, use: KeyUse): KeyRow {
  const lastUsedAtMs = Math.max(row.lastUsedAtMs ?? 0, use.usedAtMs)
  if (row.firstUsedAtMs !== undefined) return { ...row, lastUsedAtMs }
  const { usedAtMs: firstUsedAtMs, firstNetwork, firstAgent } = use
  return { ...row, lastUsedAtMs, firstUsedAtMs, firstNetwork, firstAgent }
}

class MemoryAdopt implements AdoptRecords {
  /** Operation -> kind and pointer -> finding. */
  readonly #operations = new Map<string, Map<string, AdoptFinding>>()
  readonly #graduations = new Map<string, Graduation>()

  merge(findings: readonly AdoptFinding[]): number {
    let dropped = 0
    for (const finding of findings) if (!this.#mergeOne(clipFinding(finding))) dropped++
    return dropped
  }

  list(api?: string): readonly AdoptFinding[] {
    return [...this.#operations.values()]
      .flatMap((table) => [...table.values()])
      .filter((finding) => api === undefined || finding.api === api)
      .sort((a, b) => b.count - a.count || (placeOf(a) < placeOf(b) ? -1 : 1))
  }

  clear(api: string, operation: string): void {
    this.#operations.delete(JSON.stringify([api, operation]))
  }

  graduate(graduation: Graduation): void {
    const key = JSON.stringify([graduation.api, graduation.operation])
    if (!this.#graduations.has(key)) this.#graduations.set(key, graduation)
  }

  graduations(): readonly Graduation[] {
    return [...this.#graduations.values()]
  }

  #mergeOne(finding: AdoptFinding): boolean {
    const key = JSON.stringify([finding.api, finding.operation])
    const table = this.#operations.get(key) ?? new Map<string, AdoptFinding>()
    this.#operations.set(key, table)
    const place = JSON.stringify([finding.kind, finding.pointer])
    const old = table.get(place)
    if (old === undefined && table.size >= MAX_FINDINGS_PER_OPERATION) return false
    table.set(place, old === undefined ? finding : mergeFindings(old, finding))
    return true
  }
}

function placeOf(finding: AdoptFinding): string {
  return `${finding.api}\n${finding.operation}\n${finding.kind}\n${finding.pointer}`
}

class MemoryMeta implements Meta {
  readonly #values = new Map<string, string>()

  get(name: string): string | undefined {
    return this.#values.get(name)
  }

  set(name: string, value: string): void {
    this.#values.set(name, value)
  }
}
