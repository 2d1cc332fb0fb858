import { Environment, serialize } from '@marcbachmann/cel-js'
import { ConfigError } from '../../base/config-error.ts'
import type { Exchange } from '../exchange.ts'
import { FACT_SIGNATURES } from './fact-calls.ts'
import type { FactCalls } from './fact-calls.ts'
import { openFacts } from './facts.ts'
import type { Names } from './inspect-names.ts'
import { readerOf } from './read-reference.ts'
import type { Read } from './read-reference.ts'
import { isAddress } from './scope.ts'
import type { Reference } from './scope.ts'
import { LIMITS, partsOf, syntaxFault } from './syntax.ts'
import type { Node } from './syntax.ts'
import { typeName } from './value-type.ts'
import type { ValueType } from './value-type.ts'

/** What the parts of one condition are compiled with. */
export interface Compiling {
  readonly names: Names
  readonly text: string
  readonly at: string
  readonly tenantClaim: readonly string[]
  /** What it asks of others; `undefined`: nothing. */
  readonly calls?: FactCalls | undefined
}

/** Values that one evaluation may look at: the interpreter takes about a microsecond for each. */
const MAX_VALUES = 1000

/** Has the type checker of CEL look at a part. @returns its type. Throws `ConfigError` where types do not fit. */
export function checkTypes(node: Node, compiling: Compiling): string {
  const { text, at } = compiling
  const found = environmentOf(compiling).check(withoutIndexedPresence(node, text))
  if (found.valid) return found.type ?? 'dyn'
  throw syntaxFault(found.error, { text, at })
}

/**
 * CEL asks `has(…)` about names with dots only; what has a dash stands in brackets (`has(header["x-tenant"])`), and is
 * always true or false.
 */
function withoutIndexedPresence(node: Node, text: string): string {
  const { start, end } = node.range
  if (isIndexedPresence(node))
    return text.slice(0, start) + 'true'.padEnd(end - start) + text.slice(end)
  return partsOf(node).reduce((rest, part) => withoutIndexedPresence(part, rest), text)
}

function isIndexedPresence(node: Node): boolean {
  return node.op === 'call' && node.args[0] === 'has' && node.args[1][0]?.op === '[]'
}

/** Compiles a part for the interpreter. What it returns throws where CEL says that there is an error. */
export function interpret(node: Node, compiling: Compiling): Read {
  refuseSpecial(node, compiling)
  const asking: Asking = { exchange: undefined, doubt: true, isOpen: false }
  const run = environmentOf(compiling, asking).parse(serialize(node))
  run.check()
  const inner = namesWithin(node, compiling.names)
  const inputs = inner.map((reference) => ({
    reference,
    read: readerOf(reference, compiling.tenantClaim),
    holders: holdersOf(reference, compiling.tenantClaim),
  }))
  const evaluate: Read = (exchange, response) =>
    run(contextOf(inputs, exchange, response)) as unknown
  if (compiling.calls === undefined) return evaluate
  return (exchange, response) => asked(() => evaluate(exchange, response), asking, exchange)
}

/** On whose behalf the functions of one condition ask, while it is evaluated: that never waits. */
interface Asking {
  exchange: Exchange | undefined
  /** What stands for a fact that is not known yet. */
  doubt: boolean
  /** Such a one was met. */
  isOpen: boolean
}

/**
 * Evaluates with both values for what is not known yet, so that a loop asks for all its items at once; the result counts
 * only where nothing was open.
 */
function asked(evaluate: () => unknown, asking: Asking, exchange: Exchange): unknown {
  Object.assign(asking, { exchange, doubt: true, isOpen: false })
  try {
    const value = evaluate()
    if (!asking.isOpen) return value
    asking.doubt = false
    evaluate()
    return undefined
  } finally {
    asking.exchange = undefined
  }
}

function namesWithin(node: Node, names: Names): readonly Reference[] {
  const own = names.get(node)
  if (own !== undefined) return [own]
  return partsOf(node).flatMap((part) => namesWithin(part, names))
}

/** What has a meaning of its own here would have another in the interpreter. */
function refuseSpecial(node: Node, { names, at }: Compiling): void {
  const walk = (part: Node): void => {
    if (part.op === 'rcall' && part.args[0] === 'matches')
      throw misplaced(at, 'matches', 'let it stand by itself: body.code.matches("^[A-Z]+$") && …')
    if (isIndexedPresence(part))
      throw misplaced(
        at,
        'has(…) with brackets',
        'let it stand by itself: has(header["x-tenant"]) && …',
      )
    if (part.op === 'in' && isAddress(names.get(part.args[0])))
      throw misplaced(at, 'network.ip in [...]', 'let it stand by itself: network.ip in […] && …')
    // Looking at a time zone takes longer than all the rest of a condition; a loop would do it for every item.
    if (part.op === 'rcall' && /^get[A-Z]/.test(part.args[0]) && part.args[2].length > 0)
      throw misplaced(
        at,
        'the time of a place',
        'let it stand by itself: now.getHours("Europe/Berlin") >= 8 && …',
      )
    for (const inner of partsOf(part)) walk(inner)
  }
  walk(node)
}

function misplaced(path: string, what: string, cure: string): ConfigError {
  return new ConfigError({ path, message: `${what} cannot stand inside another expression`, cure })
}

/** Knows the names of the condition and nothing else. */
function environmentOf({ names, calls }: Compiling, asking?: Asking): Environment {
  const environment = new Environment({ limits: LIMITS, homogeneousAggregateLiterals: true })
  const roots = new Map<string, Record<string, string>>()
  for (const { root, written, type } of names.values()) {
    const [first, ...rest] = written
    if (first === undefined) {
      roots.set(root, {})
      continue
    }
    const fields = roots.get(root) ?? (Object.create(null) as Record<string, string>)
    fields[first] = rest.length === 0 ? celType(type) : 'dyn'
    roots.set(root, fields)
  }
  for (const [root, fields] of roots) register(environment, { root, fields, names })
  if (calls !== undefined) registerCalls(environment, calls, asking)
  return environment
}

function registerCalls(environment: Environment, calls: FactCalls, asking?: Asking): void {
  const known = <T>(ask: (exchange: Exchange) => T | undefined, doubt: (is: boolean) => T): T => {
    const exchange = asking?.exchange
    if (asking === undefined || exchange === undefined) throw new Error('nobody asks')
    const value = ask(exchange)
    if (value !== undefined) return value
    if (openFacts(exchange) === 0) throw new Error('nobody can tell')
    asking.isOpen = true
    return doubt(asking.doubt)
  }
  environment.registerFunction(FACT_SIGNATURES.relation, (a: string, b: string, c: string) =>
    known(
      (exchange) => calls.relation(exchange, [a, b, c]),
      (is) => is,
    ),
  )
  environment.registerFunction(FACT_SIGNATURES.lookup, (a: string, b: string) =>
    known(
      (exchange) => calls.lookup(exchange, [a, b]),
      () => '',
    ),
  )
}

interface Registering {
  readonly root: string
  readonly fields: Record<string, string>
  readonly names: Names
}

function register(environment: Environment, { root, fields, names }: Registering): void {
  if (Object.keys(fields).length > 0) {
    environment.registerVariable(root, { schema: { ...fields } })
    return
  }
  const whole = [...names.values()].find((name) => name.root === root && name.steps.length === 0)
  environment.registerVariable(root, whole === undefined ? 'dyn' : celType(whole.type))
}

function celType(type: ValueType): string {
  switch (type.kind) {
    case 'string':
    case 'int':
    case 'bool':
      return type.kind
    case 'number':
      return 'dyn'
    case 'timestamp':
      return 'google.protobuf.Timestamp'
    case 'list':
      return ['string', 'int', 'bool'].includes(type.item.kind) ? typeName(type) : 'list<dyn>'
    case 'object':
    case 'any':
      return 'dyn'
  }
}

interface Input {
  readonly reference: Reference
  readonly read: Read
  /** What should hold the value, from the outside in, so that `has(…)` can tell an absent one from a lost one. */
  readonly holders: readonly { readonly reference: Reference; readonly read: Read }[]
}

function holdersOf(reference: Reference, tenantClaim: readonly string[]): Input['holders'] {
  const { written, steps } = reference
  return written.slice(0, -1).map((_, index) => {
    const cut = written.length - 1 - index
    const holder: Reference = {
      ...reference,
      type: ANY_TYPE,
      written: written.slice(0, index + 1),
      steps: steps.slice(0, -cut),
    }
    return { reference: holder, read: readerOf(holder, tenantClaim) }
  })
}

/** The values that the names of one part have; what has none is left out, so that the interpreter finds an error. */
function contextOf(
  inputs: readonly Input[],
  exchange: Exchange,
  response: unknown,
): Record<string, unknown> {
  const context = bare()
  const budget = { left: MAX_VALUES }
  for (const { reference, read, holders } of inputs) {
    const value = read(exchange, response)
    if (value === undefined) placeHolders(context, { reference, holders }, [exchange, response])
    else place(context, reference, celValue(value, reference.type, budget))
  }
  return context
}

function placeHolders(
  context: Record<string, unknown>,
  { reference, holders }: Omit<Input, 'read'>,
  given: Parameters<Read>,
): void {
  if (reference.written.length > 0) context[reference.root] ??= bare()
  for (const holder of holders) {
    const above = holder.read(...given)
    if (typeof above !== 'object' || Array.isArray(above)) return
    holderAt(context, [reference.root, ...holder.reference.written])
  }
}

function place(
  context: Record<string, unknown>,
  { root, written }: Reference,
  value: unknown,
): void {
  const words = [root, ...written]
  holderAt(context, words.slice(0, -1))[words.at(-1) ?? root] = value
}

/** The object at a place, made where there is none. */
function holderAt(
  context: Record<string, unknown>,
  words: readonly string[],
): Record<string, unknown> {
  let holder = context
  for (const word of words) {
    const below = holder[word] ?? bare()
    holder[word] = below
    holder = below as Record<string, unknown>
  }
  return holder
}

function bare(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>
}

function celValue(value: unknown, type: ValueType, budget: { left: number }): unknown {
  budget.left -= 1
  if (budget.left < 0) throw new Error('more values than one condition looks at')
  if (typeof value === 'number') return numberValue(value, type)
  if (value instanceof Date || typeof value !== 'object' || value === null) return value
  const inner = (one: unknown): unknown => celValue(one, ANY_TYPE, budget)
  if (Array.isArray(value)) return value.map((one) => celValue(one, itemType(type), budget))
  if (value instanceof Set) return [...value].map(inner)
  const copy = bare()
  for (const [key, one] of Object.entries(value)) copy[key] = inner(one)
  return copy
}

const ANY_TYPE: ValueType = { kind: 'any' }

function itemType(type: ValueType): ValueType {
  return type.kind === 'list' ? type.item : ANY_TYPE
}

/** A number that a double does not hold exactly decides nothing. */
function numberValue(value: number, type: ValueType): unknown {
  if (!Number.isInteger(value)) return value
  if (!Number.isSafeInteger(value)) throw new Error('a number is not exact')
  return type.kind === 'number' ? value : BigInt(value)
}
