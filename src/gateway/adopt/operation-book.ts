import { mergeSchemas } from '../../openapi/infer/merge-schemas.ts'
import { readSchemaText, schemaText } from '../../openapi/infer/schema-text.ts'
import type { AdoptFinding } from '../../store/records.ts'
import type { Learnt } from './findings-of.ts'
import { isDeviation } from './kinds.ts'
import type { AdoptNumbers } from './numbers.ts'
import { MAX_FINDINGS } from './numbers.ts'

/** One finding with what was not written yet. */
interface Row {
  readonly kind: string
  readonly pointer: string
  sample: string
  /** Counted since the last write. */
  unwritten: number
  firstAtMs: number
  lastAtMs: number
}

/** What is known of one operation: its calls, and how they differ from the document. */
export class OperationBook {
  readonly api: string
  readonly operation: string
  readonly #rows = new Map<string, Row>()
  #good = 0
  #quiet = 0
  #hasDeviated = false
  #firstGoodMs = Infinity
  isGraduating = false

  constructor(api: string, operation: string) {
    this.api = api
    this.operation = operation
  }

  /** Findings that are kept; what is counted in `calls` is none. */
  get size(): number {
    return this.#rows.size
  }

  /** Counts a call that may not teach. */
  call(nowMs: number): void {
    this.#add({ kind: 'calls', pointer: '', sample: '{}' }, nowMs, true)
  }

  /** Counts a call that may teach. @returns how many findings there was no room for. */
  goodCall(nowMs: number, lessons: readonly Learnt[], hasRoom: boolean): number {
    this.call(nowMs)
    this.#good++
    this.#firstGoodMs = Math.min(this.#firstGoodMs, nowMs)
    const deviates = lessons.some(({ kind }) => isDeviation(kind))
    this.#quiet = deviates ? 0 : this.#quiet + 1
    this.#hasDeviated ||= deviates
    const sample = JSON.stringify({ quiet: this.#quiet })
    this.#add({ kind: 'good-calls', pointer: '', sample }, nowMs, true)
    return this.note(lessons, nowMs, hasRoom)
  }

  /** Keeps findings; only known ones where there is no room. @returns how many were not kept. */
  note(lessons: readonly Learnt[], nowMs: number, hasRoom: boolean): number {
    return lessons.filter((lesson) => !this.#add(lesson, nowMs, hasRoom)).length
  }

  has({ kind, pointer }: Learnt): boolean {
    return this.#rows.has(`${kind} ${pointer}`)
  }

  /** Takes in what an earlier process wrote. */
  restore(stored: AdoptFinding): void {
    const { kind, pointer, count, firstAtMs } = stored
    if (kind === 'good-calls') {
      this.#good += count
      this.#firstGoodMs = Math.min(this.#firstGoodMs, firstAtMs)
      if (!this.#hasDeviated) this.#quiet += quietOf(stored.sample)
    }
    const row = this.#rows.get(`${kind} ${pointer}`)
    if (row !== undefined) row.sample = mergedSample(row, stored.sample)
    else this.#rows.set(`${kind} ${pointer}`, { ...stored, unwritten: 0 })
  }

  /** Takes what is to be written; `giveBack` undoes it when the write fails. */
  takeUnwritten(): { readonly findings: readonly AdoptFinding[]; readonly giveBack: () => void } {
    const taken = [...this.#rows.values()]
      .filter(({ unwritten }) => unwritten > 0)
      .map((row) => ({ row, finding: this.#findingOf(row) }))
    for (const { row } of taken) row.unwritten = 0
    return {
      findings: taken.map(({ finding }) => finding),
      giveBack: () => {
        for (const { row, finding } of taken) row.unwritten += finding.count
      },
    }
  }

  /** Whether the operation may be enforced: enough good calls, the last ones quiet, over enough time. */
  isRipe(nowMs: number, numbers: AdoptNumbers): boolean {
    return (
      this.#good >= numbers.calls &&
      this.#quiet >= numbers.quietCalls &&
      nowMs - this.#firstGoodMs >= numbers.trialMs
    )
  }

  /** Whether something was found that the last calls did not leave behind. */
  hasOpenFindings(numbers: AdoptNumbers): boolean {
    return (
      this.#quiet < numbers.quietCalls &&
      [...this.#rows.values()].some(({ kind }) => isDeviation(kind))
    )
  }

  get goodCalls(): number {
    return this.#good
  }

  #findingOf({ kind, pointer, sample, unwritten, firstAtMs, lastAtMs }: Row): AdoptFinding {
    const { api, operation } = this
    return { api, operation, kind, pointer, sample, count: unwritten, firstAtMs, lastAtMs }
  }

  #add({ kind, pointer, sample }: Learnt, nowMs: number, hasRoom: boolean): boolean {
    const key = `${kind} ${pointer}`
    const row = this.#rows.get(key)
    if (row === undefined) {
      if (!hasRoom || this.#rows.size >= MAX_FINDINGS) return false
      const times = { unwritten: 1, firstAtMs: nowMs, lastAtMs: nowMs }
      this.#rows.set(key, { kind, pointer, sample, ...times })
      return true
    }
    row.sample = mergedSample(row, sample)
    row.unwritten++
    row.lastAtMs = nowMs
    return true
  }
}

/** Kinds whose sample is no schema: the newest counts. */
const PLAIN_SAMPLE: ReadonlySet<string> = new Set([
  'calls',
  'good-calls',
  'request-constraint',
  'parameter-constraint',
  'wrong-base-path',
])

function mergedSample(row: Row, sample: string): string {
  if (row.sample === sample || PLAIN_SAMPLE.has(row.kind)) return sample
  return schemaText(mergeSchemas(readSchemaText(row.sample), readSchemaText(sample)))
}

function quietOf(sample: string): number {
  const quiet = /"quiet":(\d{1,9})/.exec(sample)?.[1]
  return quiet === undefined ? 0 : Number(quiet)
}
