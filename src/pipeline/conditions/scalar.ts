import { ConfigError } from '../../base/config-error.ts'
import type { Compiling } from './interpret.ts'
import { localPart } from './local-time.ts'
import { readerOf } from './read-reference.ts'
import type { Read } from './read-reference.ts'
import type { Node } from './syntax.ts'
import type { ValueType } from './value-type.ts'

/** A part with one value: a literal, a name, or a name as text. */
export interface Scalar {
  readonly kind: ValueType['kind']
  readonly isLiteral: boolean
  readonly read: Read
}

/** The value of a part; `undefined` for parts of other shapes. Throws `ConfigError` for a time zone that is none. */
export function scalar(node: Node, compiling: Compiling): Scalar | undefined {
  if (node.op === 'value') return literal(node.args)
  if (node.op === 'call' && node.args[0] === 'string') {
    const [inner] = node.args[1]
    const value = inner === undefined ? undefined : scalar(inner, compiling)
    return value === undefined ? undefined : asText(value)
  }
  if (node.op === 'call' && node.args[0] === 'lookup') return found(node.args[1], compiling)
  if (node.op === '+') return joined(node.args, compiling)
  const moment = timeOf(node, compiling)
  if (moment !== undefined) return moment
  const reference = compiling.names.get(node)
  if (reference === undefined) return undefined
  const { kind } = reference.type
  if (kind === 'timestamp' || kind === 'list' || kind === 'object') return undefined
  return { kind, isLiteral: false, read: readerOf(reference, compiling.tenantClaim) }
}

/** What a look-up finds for an id. */
function found(args: readonly Node[], compiling: Compiling): Scalar | undefined {
  const { calls } = compiling
  const [name, id] = args.map((node) => scalar(node, compiling))
  if (calls === undefined || name === undefined || id === undefined) return undefined
  const read: Read = (exchange, response) => {
    const [which, sought] = [name.read(exchange, response), id.read(exchange, response)]
    if (typeof which !== 'string' || typeof sought !== 'string') return undefined
    return calls.lookup(exchange, [which, sought])
  }
  return { kind: 'string', isLiteral: false, read }
}

/** Texts, one after the other. What may be a number is left to the interpreter. */
function joined([left, right]: readonly [Node, Node], compiling: Compiling): Scalar | undefined {
  const a = scalar(left, compiling)
  const b = scalar(right, compiling)
  if (a?.kind !== 'string' && b?.kind !== 'string') return undefined
  if (a === undefined || b === undefined) return undefined
  const read: Read = (exchange, response) => {
    const [start, end] = [a.read(exchange, response), b.read(exchange, response)]
    return typeof start === 'string' && typeof end === 'string' ? start + end : undefined
  }
  return { kind: 'string', isLiteral: a.isLiteral && b.isLiteral, read }
}

/** A literal as requests hold such values. */
export function plainLiteral(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}

/** A literal as a part. */
export function literal(value: unknown): Scalar | undefined {
  const plain = plainLiteral(value)
  const read: Read = () => plain
  if (typeof value === 'bigint') return { kind: 'int', isLiteral: true, read }
  if (typeof plain === 'string') return { kind: 'string', isLiteral: true, read }
  if (typeof plain === 'boolean') return { kind: 'bool', isLiteral: true, read }
  return undefined
}

/** The time, a part of it, or a moment that is written out: numbers, as far as comparing them goes. */
function timeOf(node: Node, { names, at }: Compiling): Scalar | undefined {
  if (names.get(node)?.root === 'now')
    return { kind: 'timestamp', isLiteral: false, read: ({ startedMs }) => startedMs }
  if (node.op === 'call' && node.args[0] === 'timestamp') {
    const [text] = node.args[1]
    const momentMs = text?.op === 'value' ? momentOf(String(text.args), at) : undefined
    if (momentMs === undefined) return undefined
    return { kind: 'timestamp', isLiteral: true, read: () => momentMs }
  }
  if (node.op !== 'rcall' || names.get(node.args[1])?.root !== 'now') return undefined
  const [name, , [place, more]] = node.args
  if (more !== undefined || (place !== undefined && place.op !== 'value')) return undefined
  const zone = place === undefined ? undefined : String(place.args)
  const part = localPart(name, zone)
  if (part === undefined && zone !== undefined && localPart(name, undefined) !== undefined)
    throw new ConfigError({
      path: at,
      message: `there is no time zone ${JSON.stringify(zone.slice(0, 60))}`,
      cure: 'write one of the IANA database, such as Europe/Berlin',
    })
  return part && { kind: 'int', isLiteral: false, read: ({ startedMs }) => part(startedMs) }
}

/** The one text of a number: whole and exact, no exponent, no leading zero. */
function asText(value: Scalar): Scalar | undefined {
  if (value.kind !== 'int' && value.kind !== 'string' && value.kind !== 'any') return undefined
  return {
    kind: 'string',
    isLiteral: value.isLiteral,
    read: (exchange, response) => {
      const found = value.read(exchange, response)
      if (typeof found === 'string') return found
      return Number.isSafeInteger(found) ? String(found) : undefined
    },
  }
}

/** RFC 3339, as CEL has it. */
function momentOf(text: string, path: string): number {
  const isMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(text)
  const momentMs = isMoment ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(momentMs)) return momentMs
  const message = `${JSON.stringify(text.slice(0, 60))} is no moment`
  throw new ConfigError({ path, message, cure: 'write timestamp("2026-12-06T08:00:00Z")' })
}
