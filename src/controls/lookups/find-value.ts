import { ConfigError } from '../../base/config-error.ts'
import type { FindValue } from '../../pipeline/conditions/facts.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { LookupRule } from '../../pipeline/lookup-rule.ts'
import type { Site } from '../../pipeline/site.ts'
import { isPlainId } from '../../store/sources/source.ts'
import type { ValueSource } from '../../store/sources/source.ts'
import type { ValueSources } from '../../store/sources/value-sources.ts'
import { parseAnswer } from '../objects/answer-text.ts'
import { idText } from '../objects/lookups.ts'
import { mayRepeatKeys } from '../repeated-key.ts'
import type { FoundValues } from './found-values.ts'
import { noteLookup } from './looked-up.ts'
import { ownValue, tellsOfCaller, textOf } from './own-answer.ts'

/** What look-ups are made with. */
export interface LookupParts {
  readonly found: FoundValues
  readonly sources: ValueSources
  /** The sites of the plan. */
  readonly sites: readonly Site[]
}

/** One look-up by its name, and the operation whose rules ask for it. */
export interface NamedLookup {
  readonly name: string
  readonly rule: LookupRule
  readonly site: Site
  /** The place of the rule that asks. */
  readonly at: string
}

/** Makes a look-up. Throws `ConfigError` where its database or its operation cannot be asked. */
export function findValue(lookup: NamedLookup, parts: LookupParts): FindValue {
  const { name, rule } = lookup
  const ask = askerOf(lookup, parts)
  const isByCaller = rule.source.kind === 'operation'
  return (exchange, id) => {
    if (!isPlainId(id)) return undefined
    noteLookup(exchange, id)
    // What the API tells one caller it may not tell another.
    const who = isByCaller ? exchange.principal.id : ''
    const key = { key: JSON.stringify([name, who, id]), id }
    return parts.found.get(key, rule, () => ask(exchange, id))
  }
}

function askerOf({ name, rule, site, at }: NamedLookup, parts: LookupParts): FindValue {
  const { source, timeoutMs } = rule
  if (source.kind === 'operation') return readerOf(source, { site, at }, parts.sites)
  const place = `authorize.lookups.${name}`
  const opened: ValueSource = parts.sources.open(
    source.kind === 'sqlite'
      ? { ...source, timeoutMs }
      : { ...source, url: source.url.reveal(), timeoutMs },
    place,
  )
  return (_exchange, id) => opened.find(id)
}

interface Asking {
  readonly site: Site
  readonly at: string
}

function readerOf(
  { operation, member }: Extract<LookupRule['source'], { kind: 'operation' }>,
  { site, at }: Asking,
  sites: readonly Site[],
): FindValue {
  const read = sites.find(
    (other) =>
      other.operation.id === operation &&
      other.operation.api === site.operation.api &&
      other.operation.method === 'GET' &&
      (tellsOfCaller(other) || /^[^{}]*\/\{[^{}]+\}$/.test(other.operation.template)),
  )
  if (read === undefined)
    throw new ConfigError({
      path: at,
      message: `${operation} is no GET of this API with one id, at the end of its path, or none`,
      cure: 'name such an operation, or a database',
    })
  const template = read.publicBase + read.operation.template
  if (tellsOfCaller(read))
    return async (exchange, id) => {
      const answer = await answerOf(exchange, read, template)
      return answer === undefined ? undefined : ownValue(answer.value, member, { id, exchange })
    }
  const base = template.slice(0, template.lastIndexOf('/') + 1)
  return async (exchange, id) => {
    if (idText(id) === undefined) return undefined
    return memberOf(exchange, { read, path: base + encodeURIComponent(id), member })
  }
}

/** The member of the API's answer. Rejects where the API does not say. */
async function memberOf(
  exchange: Exchange,
  {
    read,
    path,
    member,
  }: { readonly read: Site; readonly path: string; readonly member: readonly string[] },
): Promise<string | undefined> {
  let here = (await answerOf(exchange, read, path))?.value
  for (const step of member) {
    if (typeof here !== 'object' || here === null || Array.isArray(here)) return undefined
    here = Object.hasOwn(here, step) ? (here as Readonly<Record<string, unknown>>)[step] : undefined
  }
  return textOf(here)
}

/** The value of an answer with 200; `undefined` for others, and where a member stands twice. Rejects as `memberOf`. */
async function answerOf(
  exchange: Exchange,
  read: Site,
  path: string,
): Promise<{ readonly value: unknown } | undefined> {
  const answer = await exchange.readObject(read, path)
  if (answer === undefined || answer.status >= 500 || answer.status === 429)
    throw new Error(`${read.label} did not answer`)
  const parsed = answer.status === 200 ? parseAnswer(answer.body) : undefined
  return parsed === undefined || mayRepeatKeys(parsed.value, parsed.text) ? undefined : parsed
}
