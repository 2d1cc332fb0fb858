import type { ApiModel, Operation, SecurityScheme } from '../../src/openapi/model.ts'
import { keyScheme, TOKEN_SCHEME } from './documents.ts'
import type { KongAccess, Written } from './model.ts'

/** One way in, as a document writes it: scheme -> scopes. */
export type Requirement = Readonly<Record<string, readonly string[]>>

/**
 * What callers of the operations of a document must show: what Kong asked for, and what the document asks for besides,
 * which the API goes on checking itself.
 */
export class BoundSecurity {
  readonly #model: ApiModel
  /** Schemes that the document lacks. */
  readonly added: Map<string, Written> = new Map<string, Written>()
  readonly #met = new Set<string>()
  readonly #passed = new Set<string>()

  constructor(model: ApiModel) {
    this.#model = model
  }

  /** `undefined`: as the document says. An empty list: public. No way in at all: `closed`. */
  of({ security }: Operation, access: KongAccess): readonly Requirement[] | undefined | 'closed' {
    const isSaid = security !== undefined && security.length > 0
    if (access.kind === 'public') {
      for (const { scheme } of (security ?? []).flat()) this.#passed.add(scheme)
      return isSaid ? undefined : []
    }
    const ways = (isSaid ? security : [[]]).flatMap((all) => this.#together(all, access))
    return ways.length === 0 ? 'closed' : ways
  }

  /** What is left to the API to check: `auth.schemes`. */
  get passed(): readonly string[] {
    return [...this.#passed].filter((name) => !this.#met.has(name))
  }

  #together(all: NonNullable<Operation['security']>[number], access: KongAccess): Requirement[] {
    const own = all.filter(({ scheme }) => this.#isOf(scheme, access))
    const others = all.filter((one) => !own.includes(one))
    // One header cannot hold two credentials.
    const isTaken = access.kind !== 'keys' && others.some(({ scheme }) => this.#isHttp(scheme))
    if (isTaken) return []
    for (const { scheme } of others) this.#passed.add(scheme)
    const rest = others.map(({ scheme }) => [scheme, []] as const)
    for (const { scheme } of own) this.#met.add(scheme)
    if (own.length > 0)
      return [Object.fromEntries([...own.map(({ scheme, scopes }) => [scheme, scopes]), ...rest])]
    return this.#schemesOf(access).map((name) => Object.fromEntries([[name, []], ...rest]))
  }

  /** Whether a scheme of the document is what Kong asked for. */
  #isOf(name: string, access: KongAccess): boolean {
    const scheme = this.#model.securitySchemes.get(name)
    if (scheme === undefined) return false
    return access.kind === 'keys' ? isKey(scheme, access.headers) : isToken(scheme)
  }

  #isHttp(name: string): boolean {
    return this.#model.securitySchemes.get(name)?.type === 'http'
  }

  #schemesOf(access: KongAccess): readonly string[] {
    if (access.kind !== 'keys') return [this.#named('token', isToken, TOKEN_SCHEME)]
    return access.headers.map((header) =>
      this.#named(`key-${header}`, (scheme) => isKey(scheme, [header]), keyScheme(header)),
    )
  }

  /** A scheme of the document, or one that is added to it under a free name. */
  #named(name: string, isMeant: (scheme: SecurityScheme) => boolean, written: Written): string {
    const { securitySchemes } = this.#model
    const known = [...securitySchemes.values()].find(isMeant)
    if (known !== undefined) {
      this.#met.add(known.name)
      return known.name
    }
    let free = name
    for (let n = 2; securitySchemes.has(free); n++) free = `${name}-${n}`
    this.added.set(free, written)
    return free
  }
}

function isKey({ type, place, parameterName = '' }: SecurityScheme, headers: readonly string[]) {
  return type === 'apiKey' && place === 'header' && headers.includes(parameterName.toLowerCase())
}

function isToken({ type, httpScheme }: SecurityScheme): boolean {
  return type === 'oauth2' || type === 'openIdConnect' || httpScheme === 'bearer'
}
