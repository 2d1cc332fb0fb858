import type { KongPlugin } from './kong-file.ts'
import { UNMET } from './plugin-kinds.ts'
import { find, texts } from './plugins.ts'
import type { Tell } from './plugins.ts'
import { openIdIssuer } from './signed-tokens.ts'
import type { KongAccess, SignedIssuer } from './model.ts'

/**
 * How callers of a route prove who they are. @returns `undefined` where that is not known here; then it was told.
 */
export function accessOf(
  plugins: readonly KongPlugin[],
  signed: readonly SignedIssuer[],
  tell: Tell,
): KongAccess | undefined {
  const unmet = plugins.filter(({ name }) => UNMET.has(name))
  for (const plugin of unmet)
    tell(
      plugin,
      `its routes are left out (404); declare them once you wrote ${UNMET.get(plugin.name)}`,
    )
  if (unmet.length > 0) return undefined
  const [first, ...others] = ['key-auth', 'key-auth-enc', 'openid-connect', 'jwt'].flatMap(
    (name) => find(plugins, name) ?? [],
  )
  for (const other of others)
    tell(other, `together with ${first?.name ?? 'another'}: its routes are left out (404)`)
  if (others.length > 0) return undefined
  if (first === undefined) return { kind: 'public' }
  switch (first.name) {
    case 'openid-connect':
      return tokensOf(first, tell)
    case 'jwt':
      return signedOf(first, { issuers: signed, acl: find(plugins, 'acl') }, tell)
    default:
      return keysOf(first, tell)
  }
}

function keysOf(plugin: KongPlugin, tell: Tell): KongAccess {
  const { key_names: names, anonymous, key_in_header: inHeader } = plugin.config
  const headers = texts(names).map((name) => name.toLowerCase())
  if (typeof anonymous === 'string' && anonymous !== '')
    tell(plugin, 'anonymous callers came through; here every caller needs a key')
  if (inHeader === false)
    tell(plugin, 'keys stood in the query or the body; here they stand in the header')
  else if (plugin.config['key_in_query'] !== false)
    tell(plugin, 'keys in the query are never taken: callers must send the header')
  return { kind: 'keys', headers: headers.length > 0 ? headers : ['apikey'] }
}

function tokensOf(plugin: KongPlugin, tell: Tell): KongAccess | undefined {
  const { audience_required: required, audience } = plugin.config
  const audiences = [...new Set([...texts(required), ...texts(audience)])]
  const name = openIdIssuer(plugin.config)
  if (!/^https:\/\/\S+$/.test(name) || audiences.length === 0) {
    tell(
      plugin,
      'without issuer and audience its routes are left out (404): auth.jwt.issuers: { "https://…": { audience: … } }',
    )
    return undefined
  }
  tell(
    plugin,
    'tokens of the issuer are checked here (typ at+jwt unless auth.jwt.issuers says otherwise); log-ins and sessions of Kong are not taken over',
  )
  return { kind: 'tokens', issuer: name, audiences }
}

interface Signers {
  readonly issuers: readonly SignedIssuer[]
  readonly acl: KongPlugin | undefined
}

/** Groups are those of the consumer: an ACL comes to the issuers that it lets in. */
function signedOf(
  plugin: KongPlugin,
  { issuers, acl }: Signers,
  tell: Tell,
): KongAccess | undefined {
  const { key_claim_name: claim = 'iss', header_names: headers, anonymous } = plugin.config
  const leave = (why: string): undefined =>
    tell(plugin, `${why}: its routes are left out (404)`) as undefined
  if (claim !== 'iss') return leave('keys are found by iss alone')
  if (headers !== undefined && !texts(headers).some((one) => one.toLowerCase() === 'authorization'))
    return leave('tokens stand in Authorization alone')
  const { allow, deny } = aclOf(acl)
  const isIn = ({ groups }: SignedIssuer): boolean =>
    (allow.length === 0 || groups.some((one) => allow.includes(one))) &&
    !groups.some((one) => deny.includes(one))
  const admitted = issuers.filter(isIn)
  if (admitted.length === 0) return leave('no key of jwt_secrets is good for it')
  if (typeof anonymous === 'string' && anonymous !== '')
    tell(plugin, 'anonymous callers came through; here every caller needs a token')
  const { uri_param_names: inQuery = ['jwt'], cookie_names: inCookies } = plugin.config
  if (texts(inQuery).length > 0 || texts(inCookies).length > 0)
    tell(plugin, 'tokens in the query or a cookie are never taken: callers must send the header')
  tell(
    plugin,
    'tokens must name sub, iat and exp, an hour apart at most; those under a public key aud and client_id (azp, cid, appid) too',
  )
  return { kind: 'signed', issuers: admitted }
}

/** Groups that an ACL lets in and keeps out. */
export function aclOf(acl: KongPlugin | undefined): {
  readonly allow: readonly string[]
  readonly deny: readonly string[]
} {
  const { allow, whitelist, deny, blacklist } = acl?.config ?? {}
  return { allow: texts(allow ?? whitelist), deny: texts(deny ?? blacklist) }
}
