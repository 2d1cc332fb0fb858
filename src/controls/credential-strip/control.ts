import { parseCookies } from '../../http/cookie.ts'
import { keyScanner } from '../../identity/keys/format.ts'
import type { Operation, SecurityScheme } from '../../openapi/model.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { sealedIn } from '../authenticate/wrapped.ts'
import type { Kit } from '../kit.ts'
import { configureCredentialStrip } from './config.ts'
import type { CredentialStripConfig } from './config.ts'
import { credentialOpener, wrappedSchemes } from './open-credential.ts'
import type { OpenCredential } from './open-credential.ts'

/** Keeps credentials that were checked here from the API, and cookies that nobody declared. */
export const credentialStrip: Control<CredentialStripConfig, Kit> = {
  name: 'credential-strip',
  ids: ['TOK-10'],
  stage: 'forward',
  scope: 'operation',
  block: 'auth',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {},
  configure: configureCredentialStrip,
  compile: (config, site, kit) =>
    site === undefined ? undefined : credentialStripGuard(config, site, kit),
}

function credentialStripGuard(config: CredentialStripConfig, site: Site, kit: Kit): Guard {
  const { operation } = site
  const declared = [...(kit.apis.get(operation.api)?.model.securitySchemes.values() ?? [])]
  const written = new Set([...ALWAYS, ...declared.flatMap(headerOf)])
  const passed = passedSchemes(config, site, declared)
  const names = [...new Set([...passed.flatMap(headerOf), ...parametersLike(written, operation)])]
  const cookies = config.passesCookies ? 'all' : passedCookies(passed, operation)
  const holdsOurKey = ourKeys(kit)
  const wrapped = wrappedSchemes(site, declared, kit)
  const sealed =
    wrapped.length === 0 ? undefined : sealedPlaces(wrapped, credentialOpener(site, kit))
  return {
    dropsRequestHeader: (name) => written.has(name),
    onForward: (exchange, headers) => {
      // In monitor nobody may have verified anything: then it is for the API to check.
      const isUnverified = config.isWatching && exchange.met.length === 0
      for (const name of isUnverified ? written : names) {
        if (name !== 'cookie') passValues(exchange, name, { headers, holdsOurKey })
      }
      if (sealed !== undefined && isProven(exchange)) passOpened(exchange, sealed, headers)
      const kept = cookieText(exchange, cookies, { holdsOurKey, sealed })
      if (kept !== '') headers.push('cookie', kept)
    },
  }
}

const ALWAYS: readonly string[] = ['authorization', 'x-api-key', 'cookie']

/** Schemes of this operation whose credential the API itself checks. */
function passedSchemes(
  { schemes }: CredentialStripConfig,
  { operation }: Site,
  declared: readonly SecurityScheme[],
): SecurityScheme[] {
  const names = new Set((operation.security ?? []).flat().map(({ scheme }) => scheme))
  return declared.filter(({ name }) => names.has(name) && schemes.get(name) === 'upstream')
}

/** The header field in which the credential of a scheme stands, lower case. */
function headerOf({ type, place, parameterName }: SecurityScheme): readonly string[] {
  if (type === 'mutualTLS') return []
  if (type !== 'apiKey') return ['authorization']
  return place === 'header' && parameterName !== undefined ? [parameterName.toLowerCase()] : []
}

/** Documents also declare fields like `X-API-Key` as plain parameters: what is no key of ours is meant for the API. */
function parametersLike(written: ReadonlySet<string>, { parameters }: Operation): string[] {
  return parameters
    .filter(({ place }) => place === 'header')
    .map(({ name }) => name.toLowerCase())
    .filter((name) => written.has(name) && name !== 'authorization' && name !== 'cookie')
}

/** One field may take keys of ours and credentials of the API: a key of ours never goes there. */
function ourKeys({ keys, clock }: Kit): (text: string) => boolean {
  const pattern = new RegExp(keyScanner(keys.format.prefix).source)
  // One that was imported has no shape of ours: it was verified a moment ago.
  return (text) => pattern.test(text) || keys.isKnown(text, clock.nowMs())
}

/** Whether a sealed token was found good, as one of the credentials of the request. */
function isProven({ met }: Exchange): boolean {
  return met.some(({ proofs }) => proofs.some(({ principal }) => principal.kind === 'wrapped'))
}

/** Where sealed tokens stand, and what opens them. */
interface SealedPlaces {
  readonly headers: readonly string[]
  readonly cookies: ReadonlySet<string>
  readonly open: OpenCredential
}

function sealedPlaces(wrapped: readonly SecurityScheme[], open: OpenCredential): SealedPlaces {
  return { headers: [...new Set(wrapped.flatMap(headerOf))], cookies: cookieNamesOf(wrapped), open }
}

function cookieNamesOf(schemes: readonly SecurityScheme[]): ReadonlySet<string> {
  return new Set(
    schemes.flatMap(({ place, parameterName }) =>
      place === 'cookie' && parameterName !== undefined ? [parameterName] : [],
    ),
  )
}

/** The API gets its own token back, behind the scheme that the client wrote. */
function passOpened(
  { head }: Exchange,
  { headers: names, open }: SealedPlaces,
  to: string[],
): void {
  for (const name of names) {
    const opened = open(head.headers.get(name) ?? '')
    if (opened !== undefined) to.push(name, opened)
  }
}

function passValues(
  { head }: Exchange,
  name: string,
  to: { readonly headers: string[]; readonly holdsOurKey: (text: string) => boolean },
): void {
  for (const value of head.headers.all(name))
    if (!to.holdsOurKey(value) && sealedIn(value) === undefined) to.headers.push(name, value)
}

function passedCookies(
  passed: readonly SecurityScheme[],
  { parameters }: Operation,
): ReadonlySet<string> {
  const declared = parameters.filter(({ place }) => place === 'cookie').map(({ name }) => name)
  return new Set([...declared, ...cookieNamesOf(passed)])
}

function cookieText(
  exchange: Exchange,
  names: ReadonlySet<string> | 'all',
  rules: {
    readonly holdsOurKey: (text: string) => boolean
    readonly sealed: SealedPlaces | undefined
  },
): string {
  const fields = exchange.head.headers.all('cookie')
  const { holdsOurKey, sealed } = rules
  const hasSealed = sealed !== undefined && sealed.cookies.size > 0
  if (fields.length === 0 || (names !== 'all' && names.size === 0 && !hasSealed)) return ''
  return parseCookies(fields)
    .flatMap(([name, value]): string[] => {
      const isOurs = sealed?.cookies.has(name) === true && isProven(exchange)
      const opened = isOurs ? sealed.open(value) : undefined
      if (opened !== undefined) return [`${name}=${opened}`]
      const isKept = (names === 'all' || names.has(name)) && !holdsOurKey(value)
      return isKept && sealedIn(value) === undefined ? [`${name}=${value}`] : []
    })
    .join('; ')
}
