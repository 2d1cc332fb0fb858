import type { ApiModel, SecurityAlternative, SecurityScheme } from '../../src/openapi/model.ts'

/** How a scheme of the document will be met, and what a person should know about it. */
export interface SchemeChoice {
  readonly name: string
  /** What the scheme is, such as `http basic`. */
  readonly what: string
  /** `gateway`: keys of this gateway, by default; `upstream`: the API checks it; `none`: cannot be met. */
  readonly choice: 'gateway' | 'upstream' | 'none'
  /** Operations that ask for it. */
  readonly operations: number
}

/**
 * Decides how the schemes that operations ask for are met when nobody has said anything yet. What the gateway cannot
 * check itself goes through to the API, which checks it today: honest callers go on as they are.
 */
export function chooseSchemes(model: ApiModel): readonly SchemeChoice[] {
  const used = new Map<string, number>()
  for (const { security } of model.operations) {
    const names = new Set((security ?? []).flat().map(({ scheme }) => scheme))
    for (const name of names) used.set(name, (used.get(name) ?? 0) + 1)
  }
  return [...used].flatMap(([name, operations]) => {
    const scheme = model.securitySchemes.get(name)
    if (scheme === undefined) return []
    return [{ name, operations, what: describe(scheme), choice: choiceOf(scheme) }]
  })
}

function choiceOf(scheme: SecurityScheme): SchemeChoice['choice'] {
  if (scheme.type === 'mutualTLS') return 'none'
  return scheme.type === 'apiKey' && scheme.place === 'header' ? 'gateway' : 'upstream'
}

function describe({ type, place, parameterName, httpScheme }: SecurityScheme): string {
  if (type === 'apiKey') return `API key in ${place ?? 'a place'} ${parameterName ?? ''}`
  return type === 'http' ? `HTTP ${httpScheme ?? ''}` : type
}

/** Most alternatives that an operation found in a log gets. */
const MAX_ALTERNATIVES = 20

/**
 * Every way in which operations of the document ask for credentials, without scopes: what callers of an operation that
 * the document lacks show as well. Ways that ask for nothing are left out: public must be said.
 */
export function usualSecurity(model: ApiModel): readonly SecurityAlternative[] {
  const found = new Map<string, SecurityAlternative>()
  for (const alternative of model.operations.flatMap(({ security }) => security ?? [])) {
    if (alternative.length === 0 || found.size >= MAX_ALTERNATIVES) continue
    const names = alternative.map(({ scheme }) => scheme).toSorted()
    found.set(names.join('\n'), alternative)
  }
  return [...found.values()]
}
