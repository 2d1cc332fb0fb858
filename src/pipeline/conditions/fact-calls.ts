import { ConfigError } from '../../base/config-error.ts'
import { didYouMean } from '../../base/suggest.ts'
import type { Exchange } from '../exchange.ts'
import { askFact } from './facts.ts'
import type { ConditionFacts, FindValue } from './facts.ts'
import { partsOf } from './syntax.ts'
import type { Node } from './syntax.ts'
import { tenantOf } from './tenant.ts'

const RELATION = 'relation'
const LOOKUP = 'lookup'
/** What these are called with, as CEL writes it. */
export const FACT_SIGNATURES = {
  relation: 'relation(string, string, string): bool',
  lookup: 'lookup(string, string): string',
} as const

const OBJECT_TYPE = /^[a-z][a-z0-9_-]{0,63}:/
const RELATION_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

/** A question of a condition to others, with its arguments read. */
export interface FactCalls {
  relation(exchange: Exchange, texts: readonly [string, string, string]): boolean | undefined
  lookup(exchange: Exchange, texts: readonly [string, string]): string | undefined
}

/**
 * Looks at every `relation(…)` and `lookup(…)` of a condition. The type of an object, a relation and the name of a
 * look-up are written out, so that no request chooses them. @returns `undefined` where there is none.
 * @throws ConfigError at `at` for what cannot be asked.
 */
export function factCalls(
  root: Node,
  facts: ConditionFacts | undefined,
  { at, tenantClaim }: { readonly at: string; readonly tenantClaim: readonly string[] },
): FactCalls | undefined {
  const calls = callsIn(root)
  if (calls.length === 0) return undefined
  if (facts === undefined)
    throw fault(
      at,
      'asks for relations or look-ups where none can be',
      'write it for an operation or a schema',
    )
  const finds = new Map<string, FindValue>()
  for (const [name, args] of calls) {
    if (name === RELATION) checkRelation(args, at)
    else {
      const sought = lookupName(args, facts, at)
      finds.set(sought, facts.lookup(sought, at))
    }
  }
  return {
    relation: (exchange, texts) => askRelation(exchange, texts, { facts, tenantClaim }),
    lookup: (exchange, [name, id]) =>
      id === ''
        ? undefined
        : askFact(exchange, `lookup\n${name}\n${id}`, () => finds.get(name)?.(exchange, id)),
  }
}

type Call = readonly [name: string, args: readonly Node[]]

function callsIn(node: Node): readonly Call[] {
  const inner = partsOf(node).flatMap((part) => callsIn(part))
  if (node.op !== 'call') return inner
  const [name, args] = node.args
  return name === RELATION || name === LOOKUP ? [[name, args], ...inner] : inner
}

function askRelation(
  exchange: Exchange,
  [object, relation, subject]: readonly [string, string, string],
  {
    facts,
    tenantClaim,
  }: { readonly facts: ConditionFacts; readonly tenantClaim: readonly string[] },
): boolean | undefined {
  const tenant = tenantOf(exchange.principal, tenantClaim)
  if (tenant === undefined || subject === '') return undefined
  return askFact(exchange, `relation\n${object}\n${relation}\n${subject}`, () =>
    facts.relation({ tenant, object, relation, subject }),
  )
}

function checkRelation([object, relation]: readonly Node[], at: string): void {
  const start = object === undefined ? undefined : firstText(object)
  if (start === undefined || !OBJECT_TYPE.test(start))
    throw fault(
      at,
      'relation(…) does not say of what type its object is',
      'begin with the type: relation("order:" + path.orderId, "viewer", subject.id)',
    )
  const name = relation?.op === 'value' ? relation.args : undefined
  if (typeof name !== 'string' || !RELATION_NAME.test(name))
    throw fault(at, 'relation(…) does not write its relation out', 'write "viewer"')
}

/** What a text begins with, where it is written out. */
function firstText(node: Node): string | undefined {
  if (node.op === 'value') return typeof node.args === 'string' ? node.args : undefined
  return node.op === '+' ? firstText(node.args[0]) : undefined
}

function lookupName([node]: readonly Node[], facts: ConditionFacts, at: string): string {
  const name = node?.op === 'value' ? node.args : undefined
  const names = facts.lookupNames
  if (typeof name === 'string' && names.includes(name)) return name
  const near = typeof name === 'string' ? didYouMean(name, names) : undefined
  const shown = typeof name === 'string' ? JSON.stringify(name) : 'what a request says'
  throw fault(
    at,
    `there is no look-up ${shown}`,
    near ?? 'write it under authorize.lookups, and its name in quotes here',
  )
}

function fault(path: string, message: string, cure: string): ConfigError {
  return new ConfigError({ path, message, cure })
}
