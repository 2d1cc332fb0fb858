import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { fitsKey, KNOWN_ALGS, SECRET_ALGS } from '../../src/identity/tokens/algorithms.ts'
import { secretWeakness } from '../../src/identity/tokens/secret-strength.ts'
import { ofConsumer } from './consumers.ts'
import { LIMITERS } from './plugin-kinds.ts'
import type { KongConsumer, KongEntity, KongFile, KongPlugin } from './kong-file.ts'
import type { Notebook } from './notebook.ts'
import type { SignedIssuer } from './model.ts'

/** What a person said beside the file, and where they are told the rest. */
export interface SignedParts {
  /** The name of the API in `aud`; public keys need one. */
  readonly audience: string | undefined
  readonly book: Notebook
}

/** Longest life of a token, in seconds: more the gateway never takes. */
const MAX_AGE_SECONDS = 3600

/** The issuers of all consumers whose tokens can be checked here as they were; every other key is told with its line. */
export function signedIssuers(kong: KongFile, parts: SignedParts): readonly SignedIssuer[] {
  const plugins = kong.plugins.filter(({ name, isEnabled }) => name === 'jwt' && isEnabled)
  const encodings = new Set(plugins.map(({ config }) => config['secret_is_base64'] === true))
  const rules: IssuerRules = {
    audience: parts.audience,
    maxAge: `${maxAgeOf(plugins)}s`,
    encoding: encodings.size > 1 ? undefined : encodings.has(true) ? 'base64' : 'text',
    isAsked: plugins.length > 0,
  }
  const issuers = new Map<string, SignedIssuer>()
  for (const consumer of kong.consumers)
    for (const entry of consumer.tokenKeys) {
      const found = issuerOf(entry, { consumer, kong, rules, taken: issuers })
      if (typeof found !== 'string') issuers.set(found.iss, found)
      else parts.book.add(entry.line, `jwt_secrets of consumer ${consumer.name}`, found)
    }
  return [...issuers.values()]
}

interface IssuerRules {
  readonly audience: string | undefined
  readonly maxAge: string
  /** How HMAC secrets are written; `undefined`: plugins disagree. */
  readonly encoding: 'text' | 'base64' | undefined
  /** Whether any route asks for such tokens. */
  readonly isAsked: boolean
}

interface Where {
  readonly consumer: KongConsumer
  readonly kong: KongFile
  readonly rules: IssuerRules
  readonly taken: ReadonlyMap<string, SignedIssuer>
}

function maxAgeOf(plugins: readonly KongPlugin[]): number {
  const asked = plugins.flatMap(({ config }) => {
    const { maximum_expiration: seconds } = config
    return typeof seconds === 'number' && seconds > 0 ? [seconds] : []
  })
  return Math.min(MAX_AGE_SECONDS, ...asked)
}

/** One key, or why it is not taken over. */
function issuerOf({ fields }: KongEntity, where: Where): SignedIssuer | string {
  const { consumer, kong, rules, taken } = where
  const { key: iss, algorithm = 'HS256' } = fields
  if (!rules.isAsked) return 'no route asks for signed tokens: not taken over'
  // As auth.jwt.issuers takes it.
  if (typeof iss !== 'string' || !/^[\x21-\x7b\x7d\x7e]{1,512}$/.test(iss))
    return 'its key is no iss that is taken here: its tokens are refused'
  if (taken.has(iss) || openIssuers(kong).has(iss))
    return `iss ${iss} is there already: its tokens are checked by the other`
  if (ofConsumer(kong.plugins, consumer.name).some(({ name }) => OWN_PLUGINS.has(name)))
    return 'limits and networks of one consumer hold for keys, not for tokens: its tokens are refused'
  if (typeof algorithm !== 'string') return 'its algorithm cannot be read: its tokens are refused'
  const name = fileName(iss, taken)
  const signed = SECRET_ALGS.includes(algorithm)
    ? secretOf(fields, name, rules)
    : publicOf(fields, name, { algorithm, rules })
  if (typeof signed === 'string') return signed
  const audience = rules.audience === undefined ? {} : { audience: rules.audience }
  const settings = { ...signed.settings, algs: [algorithm], maxAge: rules.maxAge, ...audience }
  return { iss, settings, groups: consumer.groups, file: signed.file }
}

const OWN_PLUGINS: ReadonlySet<string> = new Set(['ip-restriction', ...LIMITERS])

/** Issuers of OpenID Connect: theirs are other keys. */
function openIssuers({ plugins }: KongFile): ReadonlySet<string> {
  return new Set(
    plugins.flatMap(({ name, config }) =>
      name === 'openid-connect' ? [openIdIssuer(config)] : [],
    ),
  )
}

/** `iss` of the tokens of a plugin `openid-connect`, which may name where its metadata is; empty for none. */
export function openIdIssuer({ issuer }: KongPlugin['config']): string {
  return typeof issuer === 'string' ? issuer.replace(/\/\.well-known\/.*$/, '') : ''
}

type Signed = Pick<SignedIssuer, 'settings' | 'file'>

function secretOf(
  { secret }: KongEntity['fields'],
  name: string,
  { encoding }: IssuerRules,
): Signed | string {
  if (typeof secret !== 'string' || secret === '')
    return 'Kong made up its secret: its tokens are refused until you write it (auth.jwt.issuers)'
  if (encoding === undefined)
    return 'secret_is_base64 differs from plugin to plugin: its tokens are refused'
  const weakness = secretWeakness(Buffer.from(secret, encoding === 'text' ? 'utf8' : encoding))
  if (weakness !== undefined)
    return `the secret ${weakness}: its tokens are refused until it has a better one (openssl rand -base64 48)`
  const file = { name: `${name}.secret`, text: `${secret}\n`, isSecret: true }
  const written = encoding === 'text' ? {} : { secretEncoding: encoding }
  return { settings: { secret: `file:./${file.name}`, ...written }, file }
}

function publicOf(
  { rsa_public_key: pem }: KongEntity['fields'],
  name: string,
  { algorithm, rules }: { readonly algorithm: string; readonly rules: IssuerRules },
): Signed | string {
  if (!KNOWN_ALGS.includes(algorithm)) return `${algorithm} is not taken: its tokens are refused`
  const key = readPublicKey(pem)
  if (key === undefined || !fitsKey(algorithm, key))
    return `rsa_public_key is no public key that ${algorithm} is taken with (RSA from 2048 bit): its tokens are refused`
  if (rules.audience === undefined)
    return 'its tokens are refused without the name of this API in aud: sallyport init --audience NAME'
  const jwk = { ...key.export({ format: 'jwk' }), alg: algorithm, use: 'sig' }
  const text = `${JSON.stringify({ keys: [jwk] }, undefined, 2)}\n`
  const file = { name: `${name}.jwks.json`, text, isSecret: false }
  // Tokens of those who know only Kong say JWT, or nothing.
  return { settings: { jwks: `file:./${file.name}`, typ: ['at+jwt', 'JWT'] }, file }
}

function readPublicKey(pem: unknown): KeyObject | undefined {
  // OpenSSL would make a public key of a private one, which has no business in such a place.
  if (typeof pem !== 'string' || pem.includes('PRIVATE')) return undefined
  try {
    return createPublicKey(pem)
  } catch {
    return undefined
  }
}

function fileName(iss: string, taken: ReadonlyMap<string, SignedIssuer>): string {
  const words = iss.replaceAll(/[^0-9A-Za-z]+/g, '-').replaceAll(/^-+|-+$/g, '')
  const base = `kong-jwt-${words.slice(0, 60) || 'issuer'}`
  const names = new Set([...taken.values()].map(({ file }) => file.name.split('.')[0]))
  let name = base
  for (let n = 2; names.has(name); n++) name = `${base}-${n}`
  return name
}
