import type { FieldEdge, FieldNode } from '../../openapi/fields/graph.ts'
import type { FieldMark } from '../field-marks.ts'
import { withoutSecrets } from './detectors.ts'
import type { SecretKind } from './detectors.ts'

/** What is found in an answer. */
export interface Finding {
  readonly kind: SecretKind
  /** JSON Pointer, `*` for indexes. */
  readonly pointer: string
}

/** What a value is looked through with. */
export interface Search {
  /** Whether a field of a log-in that no schema describes is what it exists to hand out. */
  readonly isHandedOut: (name: string) => boolean
}

const MAX_DEPTH = 256
const MAX_FINDINGS = 20

/** Names of declared fields that say what they hold: who declares such a field means to hand it out. */
const EXPECTED: Readonly<Partial<Record<SecretKind, RegExp>>> = {
  jwt: /token|jwt|assertion|credential|bearer/i,
  'gateway-key': /key|token|secret|credential/i,
  'cloud-key': /api.?key|token|secret|credential/i,
  iban: /iban|account|bank/i,
}

/**
 * A JSON value with secrets taken out of its texts, but for fields that have a class, and for declared fields whose
 * names say what they hold. Never changes its input.
 */
export function redactValue(
  value: unknown,
  root: FieldEdge<FieldMark> | undefined,
  search: Search,
): { readonly value: unknown; readonly findings: readonly Finding[] } {
  const findings: Finding[] = []
  const walker = new Walker(findings, search)
  return { value: walker.at(value, root, { name: '', isDeclared: root !== undefined }), findings }
}

interface Place {
  readonly name: string
  readonly isDeclared: boolean
}

class Walker {
  readonly #findings: Finding[]
  readonly #search: Search
  readonly #path: (string | number)[] = []

  constructor(findings: Finding[], search: Search) {
    this.#findings = findings
    this.#search = search
  }

  at(value: unknown, edge: FieldEdge<FieldMark> | undefined, place: Place): unknown {
    if (edge?.marks.some(({ kind }) => kind === 'class' || kind === 'token') === true) return value
    if (typeof value === 'string') return this.#text(value, place)
    if (typeof value !== 'object' || value === null) return value
    // What lies deeper than anybody looks is not let out unseen.
    if (this.#path.length > MAX_DEPTH) return null
    return Array.isArray(value)
      ? this.#items(value, edge?.node, place)
      : this.#members(value as Readonly<Record<string, unknown>>, edge?.node)
  }

  #text(text: string, { name, isDeclared }: Place): unknown {
    const found = withoutSecrets(text, (kind) =>
      isDeclared
        ? EXPECTED[kind]?.test(name) === true
        : kind === 'jwt' && this.#search.isHandedOut(name),
    )
    if (found === undefined) return text
    for (const kind of found.kinds) this.#note(kind)
    return found.text
  }

  #note(kind: SecretKind): void {
    if (this.#findings.length >= MAX_FINDINGS) return
    const pointer = this.#path
      .map((part) =>
        typeof part === 'number' ? '/*' : `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      )
      .join('')
    if (!this.#findings.some((one) => one.kind === kind && one.pointer === pointer))
      this.#findings.push({ kind, pointer })
  }

  #items(items: readonly unknown[], node: FieldNode<FieldMark> | undefined, place: Place): unknown {
    let copy: unknown[] | undefined
    for (const [index, item] of items.entries()) {
      this.#path.push(index)
      const kept = this.at(item, node?.prefix[index] ?? node?.items, place)
      this.#path.pop()
      if (kept === item) continue
      copy ??= [...items]
      copy[index] = kept
    }
    return copy ?? items
  }

  #members(
    source: Readonly<Record<string, unknown>>,
    node: FieldNode<FieldMark> | undefined,
  ): unknown {
    const changed = new Map<string, unknown>()
    for (const [name, member] of Object.entries(source)) {
      const edge = node?.members.get(name)
      this.#path.push(name)
      const kept = this.at(member, edge ?? node?.rest, { name, isDeclared: edge !== undefined })
      this.#path.pop()
      if (kept !== member) changed.set(name, kept)
    }
    if (changed.size === 0) return source
    // Own members only: `__proto__` in an answer stays a member and never becomes a prototype.
    return Object.fromEntries(
      Object.entries(source).map(([name, member]) => [
        name,
        changed.has(name) ? changed.get(name) : member,
      ]),
    )
  }
}
