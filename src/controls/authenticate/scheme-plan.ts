import type { Operation, SecurityScheme } from '../../openapi/model.ts'
import type { SchemeKind } from '../../pipeline/policy.ts'

/** Where the credential of a scheme stands in a request: `authorization`, or `header:x-api-key`, `cookie:sid`, `query:key`. */
export type Slot = `header:${string}` | `cookie:${string}` | `query:${string}` | 'authorization'

/** One scheme, ready to be met. */
export interface SchemePlan {
  readonly name: string
  readonly kind: SchemeKind
  readonly slot: Slot
  /** For `upstream` in `Authorization`: the scheme that must stand there, lower case; empty where any may. */
  readonly httpScheme: string
}

/** One way in: every scheme must be met. Empty: no credential is needed. */
export interface AlternativePlan {
  readonly schemes: readonly { readonly plan: SchemePlan; readonly scopes: readonly string[] }[]
}

/** What decides how schemes are met. */
export interface SchemeRules {
  readonly schemes: ReadonlyMap<string, SchemeKind>
  readonly hasIssuers: boolean
  /** Whether tokens of this API are wrapped, so that they come back as credentials. */
  readonly hasWraps: boolean
  readonly declared: ReadonlyMap<string, SecurityScheme>
}

/** The gateway's own key, for documents that say nothing of security (DESIGN 3). */
const GATEWAY_KEY: SchemePlan = {
  name: 'sallyport',
  kind: 'apiKey',
  slot: 'header:x-api-key',
  httpScheme: 'bearer',
}

/** The alternatives of an operation that can be met under the rules; those that cannot are left out. */
export function planAlternatives(operation: Operation, rules: SchemeRules): AlternativePlan[] {
  if (operation.security === undefined) return [{ schemes: [{ plan: GATEWAY_KEY, scopes: [] }] }]
  return operation.security.flatMap((all) => {
    const schemes = all.map(({ scheme, scopes }) => ({ plan: planScheme(scheme, rules), scopes }))
    const isMeetable = schemes.every(
      (one): one is { plan: SchemePlan; scopes: readonly string[] } => one.plan !== undefined,
    )
    return isMeetable ? [{ schemes }] : []
  })
}

function planScheme(name: string, rules: SchemeRules): SchemePlan | undefined {
  const declared = rules.declared.get(name)
  if (declared === undefined || declared.type === 'mutualTLS') return undefined
  const kind = schemeKind(declared, rules)
  if (kind === undefined) return undefined
  const slot = slotOf(declared, kind)
  if (slot === undefined) return undefined
  // A key that a document places in `Authorization` itself may follow any scheme, or none.
  const httpScheme = declared.type === 'apiKey' ? '' : (declared.httpScheme ?? 'bearer')
  return { name, kind, slot, httpScheme }
}

/** How a scheme of the document is met; `undefined`: it cannot be. */
export function schemeKind(
  scheme: SecurityScheme,
  { schemes, hasIssuers, hasWraps }: Omit<SchemeRules, 'declared'>,
): SchemeKind | undefined {
  const stated = schemes.get(scheme.name)
  if (stated !== undefined) return stated
  if (scheme.type === 'apiKey') return scheme.place === 'header' ? 'apiKey' : undefined
  const isBearer =
    scheme.type === 'oauth2' || scheme.type === 'openIdConnect' || scheme.httpScheme === 'bearer'
  if (!isBearer) return undefined
  return hasIssuers ? 'jwt' : hasWraps ? 'wrap' : undefined
}

function slotOf(scheme: SecurityScheme, kind: SchemeKind): Slot | undefined {
  if (scheme.type !== 'apiKey') return 'authorization'
  const { place, parameterName = '' } = scheme
  if (place === 'header') {
    return parameterName.toLowerCase() === 'authorization'
      ? 'authorization'
      : `header:${parameterName.toLowerCase()}`
  }
  if (kind === 'wrap' && place === 'cookie') return `cookie:${parameterName}`
  // A credential in the query is never ours to use (KEY-02); the API may have to live with its own.
  if (kind !== 'upstream') return undefined
  return place === 'cookie' ? `cookie:${parameterName}` : `query:${parameterName}`
}
