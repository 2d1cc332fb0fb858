import { RE2JS } from 're2js'
import { compileAddressSet } from '../../base/cidr.ts'
import { ConfigError } from '../../base/config-error.ts'
import type { Exchange } from '../exchange.ts'
import { interpret } from './interpret.ts'
import type { Compiling } from './interpret.ts'
import { presenceOf, readerOf } from './read-reference.ts'
import { literal, plainLiteral, scalar } from './scalar.ts'
import { isAddress } from './scope.ts'
import type { Scalar } from './scalar.ts'
import type { Node } from './syntax.ts'

/** `undefined`: an error in the sense of CEL. */
type Judge = (exchange: Exchange, response: unknown) => boolean | undefined

/** Longest text that a regular expression looks at; its time grows with the text. */
const MAX_MATCHED_CHARS = 1000

/** Compiles a part that is true or false: directly where its shape is known, else for the interpreter. */
export function compileBool(node: Node, compiling: Compiling): Judge {
  switch (node.op) {
    case '&&':
      return both(compileBool(node.args[0], compiling), compileBool(node.args[1], compiling))
    case '||':
      return either(compileBool(node.args[0], compiling), compileBool(node.args[1], compiling))
    case '?:':
      return choice(node.args, compiling)
    case '!_':
      return not(compileBool(node.args, compiling))
    case '==':
      return equality(node.args, compiling) ?? interpreted(node, compiling)
    case '!=': {
      const same = equality(node.args, compiling)
      return same === undefined ? interpreted(node, compiling) : not(same)
    }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return order(node.op, node.args, compiling) ?? interpreted(node, compiling)
    case 'in':
      return membership(node.args, compiling) ?? interpreted(node, compiling)
    case 'rcall':
      return textTest(node.args, compiling) ?? interpreted(node, compiling)
    case 'call':
      return (
        presence(node.args, compiling) ??
        related(node.args, compiling) ??
        interpreted(node, compiling)
      )
    default:
      return plainBool(node, compiling) ?? interpreted(node, compiling)
  }
}

/** CEL: an error beside `false` does not matter. */
function both(left: Judge, right: Judge): Judge {
  return (exchange, response) => {
    const first = left(exchange, response)
    if (first === false) return false
    const second = right(exchange, response)
    if (second === false) return false
    return first === undefined ? undefined : second
  }
}

/** CEL: an error beside `true` does not matter. */
function either(left: Judge, right: Judge): Judge {
  return (exchange, response) => {
    const first = left(exchange, response)
    if (first === true) return true
    const second = right(exchange, response)
    if (second === true) return true
    return first === undefined ? undefined : second
  }
}

function choice([test, yes, no]: readonly [Node, Node, Node], compiling: Compiling): Judge {
  const judge = compileBool(test, compiling)
  const first = compileBool(yes, compiling)
  const second = compileBool(no, compiling)
  return (exchange, response) => {
    const verdict = judge(exchange, response)
    if (verdict === undefined) return undefined
    return verdict ? first(exchange, response) : second(exchange, response)
  }
}

function not(inner: Judge): Judge {
  return (exchange, response) => {
    const value = inner(exchange, response)
    return value === undefined ? undefined : !value
  }
}

function interpreted(node: Node, compiling: Compiling): Judge {
  const run = interpret(node, compiling)
  return (exchange, response) => {
    try {
      const value = run(exchange, response)
      return typeof value === 'boolean' ? value : undefined
    } catch {
      // An error is a value here: `true || error` is true.
      return undefined
    }
  }
}

function plainBool(node: Node, compiling: Compiling): Judge | undefined {
  const value = scalar(node, compiling)
  if (value?.kind !== 'bool' && value?.kind !== 'any') return undefined
  return (exchange, response) => {
    const found = value.read(exchange, response)
    return typeof found === 'boolean' ? found : undefined
  }
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

type Pair = readonly [Node, Node]

/** Values of different types are an error, not unequal: `!=` must not hold because a client sent a number for a text. */
function equality([left, right]: Pair, compiling: Compiling): Judge | undefined {
  const a = scalar(left, compiling)
  const b = scalar(right, compiling)
  if (a === undefined || b === undefined) return undefined
  refuseMixed(a, b, compiling)
  // An empty name names nobody: two that are empty are not the same one.
  const mayBeEmpty = a.isLiteral || b.isLiteral
  return (exchange, response) => {
    const first = a.read(exchange, response)
    const second = b.read(exchange, response)
    if (!isScalar(first) || typeof first !== typeof second) return undefined
    if (first === '' && !mayBeEmpty) return undefined
    return first === second
  }
}

/** Where types are known below what the checker of CEL knows, such as in a body. */
function refuseMixed(
  a: Pick<Scalar, 'kind'>,
  b: Pick<Scalar, 'kind'>,
  { at, text }: Compiling,
): void {
  const kinds = [a.kind, b.kind].map((kind) => (kind === 'number' ? 'int' : kind))
  if (kinds.includes('any') || kinds[0] === kinds[1]) return
  throw new ConfigError({
    path: at,
    message: `compares a ${a.kind} with a ${b.kind} in ${JSON.stringify(text.slice(0, 80))}`,
    cure: kinds.includes('string')
      ? 'a number and a text are never equal: write string(…) around the number'
      : 'compare values of one type',
  })
}

function order(
  op: '<' | '<=' | '>' | '>=',
  [left, right]: Pair,
  compiling: Compiling,
): Judge | undefined {
  const a = scalar(left, compiling)
  const b = scalar(right, compiling)
  if (a === undefined || b === undefined) return undefined
  refuseMixed(a, b, compiling)
  const compare = ORDERS[op]
  return (exchange, response) => {
    const first = a.read(exchange, response)
    const second = b.read(exchange, response)
    if (typeof first === 'number' && typeof second === 'number') return compare(first, second)
    if (typeof first === 'string' && typeof second === 'string') return compare(first, second)
    return undefined
  }
}

const ORDERS: Readonly<
  Record<'<' | '<=' | '>' | '>=', <T extends string | number>(a: T, b: T) => boolean>
> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}

function membership([left, right]: Pair, compiling: Compiling): Judge | undefined {
  const item = scalar(left, compiling)
  if (item === undefined) return undefined
  if (isAddress(compiling.names.get(left))) return inBlocks(item, right, compiling)
  const list = listOf(right, compiling)
  if (list === undefined) return undefined
  refuseMixed(item, list, compiling)
  return (exchange, response) => {
    const value = item.read(exchange, response)
    const values = list.read(exchange, response)
    if (!isScalar(value)) return undefined
    if (values instanceof Set) return values.has(value)
    return Array.isArray(values) ? contains(values, value) : undefined
  }
}

/** `false` only where every item could have been the value: one of another type may stand for it. */
function contains(
  values: readonly unknown[],
  value: string | number | boolean,
): boolean | undefined {
  let isSure = true
  for (const one of values) {
    if (one === value) return value === '' ? undefined : true
    if (typeof one !== typeof value) isSure = false
  }
  return isSure ? false : undefined
}

/** A list, with what its items are. */
function listOf(node: Node, compiling: Compiling): Pick<Scalar, 'kind' | 'read'> | undefined {
  if (node.op === 'list') {
    const values = node.args.map((one) => (one.op === 'value' ? literal(one.args) : undefined))
    const [first] = values
    if (first === undefined || values.includes(undefined)) return undefined
    const items = node.args.map((one) => plainLiteral(one.args))
    return { kind: first.kind, read: () => items }
  }
  const reference = compiling.names.get(node)
  if (reference === undefined) return undefined
  const { type } = reference
  if (type.kind !== 'list' && type.kind !== 'any') return undefined
  const kind = type.kind === 'list' ? type.item.kind : 'any'
  return { kind, read: readerOf(reference, compiling.tenantClaim) }
}

/** `network.ip in ["10.0.0.0/8"]`: addresses belong to blocks, they do not equal them. */
function inBlocks(address: Scalar, list: Node, { at }: Compiling): Judge {
  const texts = list.op === 'list' ? list.args.map((one) => one.op === 'value' && one.args) : []
  if (texts.length === 0 || !texts.every((text) => typeof text === 'string')) {
    const cure = 'write network.ip in ["10.0.0.0/8", "192.0.2.7"]'
    throw new ConfigError({ path: at, message: 'network.ip takes a list of blocks', cure })
  }
  const blocks = compileAddressSet(texts, at)
  return (exchange, response) => {
    const found = address.read(exchange, response)
    return typeof found === 'string' ? blocks.has(found) : undefined
  }
}

const TESTS: Readonly<Record<string, (text: string, part: string) => boolean>> = {
  startsWith: (text, part) => text.startsWith(part),
  endsWith: (text, part) => text.endsWith(part),
  contains: (text, part) => text.includes(part),
}

function textTest(
  [name, receiver, args]: readonly [string, Node, readonly Node[]],
  compiling: Compiling,
): Judge | undefined {
  const text = scalar(receiver, compiling)
  const [argument] = args
  if (text === undefined || argument === undefined || args.length !== 1) return undefined
  if (name === 'matches') return pattern(text, argument, compiling)
  const part = scalar(argument, compiling)
  const check = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined
  if (part === undefined || check === undefined) return undefined
  return (exchange, response) => {
    const value = text.read(exchange, response)
    const sought = part.read(exchange, response)
    if (typeof value !== 'string' || typeof sought !== 'string') return undefined
    return check(value, sought)
  }
}

/** Always RE2: no text of a request makes it slow, and CEL means its syntax anyway. */
function pattern(text: Scalar, argument: Node, { at }: Compiling): Judge {
  const source = argument.op === 'value' ? argument.args : undefined
  if (typeof source !== 'string')
    throw new ConfigError({
      path: at,
      message: 'matches takes a regular expression that is written out',
      cure: 'write body.code.matches("^[A-Z]{3}$")',
    })
  const regex = compileRegex(source, at)
  return (exchange, response) => {
    const value = text.read(exchange, response)
    if (typeof value !== 'string' || value.length > MAX_MATCHED_CHARS) return undefined
    return regex.test(value)
  }
}

function compileRegex(source: string, at: string): RE2JS {
  try {
    return RE2JS.compile(source)
  } catch {
    throw new ConfigError({
      path: at,
      message: `${JSON.stringify(source.slice(0, 80))} is no regular expression`,
      cure: 'write it in the syntax of RE2, without look-around and back-references',
    })
  }
}

function presence(
  [name, args]: readonly [string, readonly Node[]],
  compiling: Compiling,
): Judge | undefined {
  const [argument] = args
  const reference = argument === undefined ? undefined : compiling.names.get(argument)
  if (name !== 'has' || reference === undefined || reference.steps.length === 0) return undefined
  return presenceOf(reference, compiling.tenantClaim)
}

function related(
  [name, args]: readonly [string, readonly Node[]],
  compiling: Compiling,
): Judge | undefined {
  const { calls } = compiling
  const [object, relation, subject] = args.map((node) => scalar(node, compiling))
  if (name !== 'relation' || calls === undefined) return undefined
  if (object === undefined || relation === undefined || subject === undefined) return undefined
  return (exchange, response) => {
    const what = object.read(exchange, response)
    const how = relation.read(exchange, response)
    const who = subject.read(exchange, response)
    if (typeof what !== 'string' || typeof how !== 'string' || typeof who !== 'string')
      return undefined
    return calls.relation(exchange, [what, how, who])
  }
}
