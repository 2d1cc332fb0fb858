import { modeOf } from '../../pipeline/control.ts'
import type { Site } from '../../pipeline/site.ts'
import { namedParameter } from './named-parameter.ts'

const SELF = { name: 'token-parameters', block: 'data', adopt: 'enforce' } as const

/**
 * Query parameters of an operation that take tokens alone, or values from whoever is shown these: nothing can be found
 * out by them. None where that is not enforced.
 */
export function heldQueries({ operation, policy }: Site): ReadonlySet<string> {
  if (modeOf(SELF, policy) !== 'enforce') return new Set()
  const parameters = [...policy.data.tokenize.values()]
    // Digits are taken from anybody.
    .filter(({ form }) => form === 'siv')
    .flatMap(({ parameters: names = [] }) => names.map((name) => namedParameter(name, operation)))
  return new Set(parameters.flatMap((one) => (one?.place === 'query' ? one.name : [])))
}
