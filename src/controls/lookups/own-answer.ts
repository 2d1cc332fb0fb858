import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'

/** Whether an operation tells a caller of their own: a GET without an id, that needs nothing to be asked. */
export function tellsOfCaller({ operation }: Site): boolean {
  const { method, template, parameters } = operation
  return method === 'GET' && !template.includes('{') && !parameters.some(({ required }) => required)
}

/**
 * What an answer about the caller says. In a list, `/orders` with `id`: the id itself, where an item has it. Of one object,
 * `/me` with `role`: the value, where the caller asks for themselves. `undefined`: neither.
 */
export function ownValue(
  answer: unknown,
  member: readonly string[],
  { id, exchange }: { readonly id: string; readonly exchange: Exchange },
): string | undefined {
  const [here, rest] = walk(answer, member)
  if (Array.isArray(here))
    return here.some((item) => textOf(walk(item, rest)[0]) === id) ? id : undefined
  // What is true of the caller says nothing of anybody else.
  return id === exchange.principal.subject ? textOf(here) : undefined
}

/** As far as members lead without a list: what stands there, and what is left of the path. */
function walk(from: unknown, member: readonly string[]): readonly [unknown, readonly string[]] {
  let here = from
  for (const [index, step] of member.entries()) {
    if (Array.isArray(here)) return [here, member.slice(index)]
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step))
      return [undefined, []]
    here = (here as Readonly<Record<string, unknown>>)[step]
  }
  return [here, []]
}

/** A value as it is compared: a text, or an exact whole number. */
export function textOf(value: unknown): string | undefined {
  if (Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}
