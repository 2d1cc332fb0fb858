import * as z from 'zod'
import { DEFAULTS, BOUNDS } from '../defaults.ts'
import type { AuthInput, IssuerInput, WrapInput } from '../input.ts'
import { parseClaimPath, parseReference } from '../values/text.ts'
import { JWT_ALGS, parseIssuer, parseJwks, SECRET_ALGS } from '../values/jwt.ts'
import { parseFieldName, parseMemberPath, parseValueSource } from '../values/wrap.ts'
import { boundedDuration } from './bounded.ts'
import { key, mode, name, oneOrMore, optional, parsedText } from './fields.ts'

const issuerSchema: z.ZodType<IssuerInput> = z.strictObject({
  audience: optional(
    oneOrMore(name()),
    'This API’s name in the aud claim; one of several is enough. Only an issuer with a secret may leave it out; then a token with aud is refused.',
  ),
  secret: optional(
    parsedText('a reference', parseReference),
    'env:NAME or file:PATH of the secret of an API that signs its own tokens (HS256); at least 256 bit, never beside jwks.',
  ),
  secretEncoding: optional(
    z.literal(['text', 'base64', 'hex']),
    'How the secret is written; the key is its bytes.',
    DEFAULTS.secretEncoding,
  ),
  algs: optional(
    z.array(z.literal([...JWT_ALGS, ...SECRET_ALGS])).min(1),
    'Signature algorithms accepted from this issuer; the token never chooses. With a secret: HS256 unless said.',
    DEFAULTS.jwtAlgs,
  ),
  maxAge: optional(
    boundedDuration('1s', BOUNDS.jwtMaxAge),
    'Longest life (exp - iat) a token may have.',
    DEFAULTS.jwtMaxAge,
  ),
  skew: optional(
    boundedDuration('0s', BOUNDS.jwtSkew),
    'How far clocks may differ.',
    DEFAULTS.jwtSkew,
  ),
  jwks: optional(
    parsedText('a URL or file:PATH', parseJwks),
    'Where the issuer’s keys are: an https URL (http only on loopback) or file:PATH; found by discovery unless said.',
  ),
  typ: optional(
    oneOrMore(name()),
    'Accepted typ headers, for issuers that do not write at+jwt.',
    DEFAULTS.jwtTyp,
  ),
})

const wrapSchema: z.ZodType<WrapInput> = z.strictObject({
  api: optional(name(), 'The API, where several have an operation of this name.'),
  operation: key(oneOrMore(name()), 'Operations whose answers hand the token out, such as login.'),
  field: optional(
    parsedText('the path of a member', parseMemberPath),
    'Member of the answer that holds the token, such as auth_token or data.token.',
  ),
  header: optional(
    parsedText('a header name', parseFieldName),
    'Header of the answer that holds it, after any scheme such as Bearer.',
  ),
  cookie: optional(parsedText('a cookie name', parseFieldName), 'Cookie that holds it.'),
  subject: key(
    parsedText('where a value stands', parseValueSource),
    'Who it stands for: a claim of the token (sub), or response.NAME, or request.NAME of the log-in.',
  ),
  claims: optional(
    z.array(parsedText('where a value stands', parseValueSource)).min(1),
    'What else is known of the caller, for rules, roles and limits; written as subject.',
    [],
  ),
  expires: optional(
    boundedDuration('1m', BOUNDS.wrapExpires),
    'Longest life of a wrapped token; its own exp may end it sooner.',
    DEFAULTS.wrapExpires,
  ),
  logout: optional(oneOrMore(name()), 'Operations that end the token they are called with.'),
  opens: optional(
    z.record(name(), parsedText('the path of a member', parseMemberPath)),
    'For refresh tokens: operation and member of its request body in which the token comes back. Such a token is no credential.',
  ),
})

const apiKeySchema = z.strictObject({
  prefix: optional(
    z.string().regex(/^[a-z][a-z0-9]{0,9}$/, 'must be 1 to 10 lower-case letters and digits'),
    'First part of every key, so that scanners recognize leaked ones.',
    DEFAULTS.keyPrefix,
  ),
  expires: optional(
    boundedDuration('1m', BOUNDS.keyExpires),
    'Life of a new key, unless its creation says otherwise.',
    DEFAULTS.keyExpires,
  ),
  overlap: optional(
    boundedDuration('0s', BOUNDS.keyOverlap),
    'How long the old secret keeps working after a rotation.',
    DEFAULTS.keyOverlap,
  ),
})

/** `auth`. */
export const authSchema: z.ZodType<AuthInput> = z.strictObject({
  apiKey: optional(apiKeySchema, 'The gateway’s own keys.'),
  jwt: optional(
    z.strictObject({
      issuers: key(
        z.record(parsedText('an issuer', parseIssuer), issuerSchema),
        'Issuers of access tokens, by their exact iss.',
      ),
    }),
    'Signed access tokens (RFC 9068).',
  ),
  wrap: optional(
    z.union([wrapSchema, z.array(wrapSchema).min(1)]),
    'Tokens that the API signs itself: they leave sealed, unreadable to the client, and come back opened.',
  ),
  schemes: optional(
    z.record(name(), z.literal(['apiKey', 'jwt', 'wrap', 'upstream'])),
    'How each security scheme of the document is met; wrap: by a token of the API that the gateway sealed; upstream: the API checks it itself.',
  ),
  roles: optional(
    parsedText('the path of a claim', parseClaimPath),
    'The claim that holds a token’s roles.',
    DEFAULTS.rolesClaim,
  ),
  groups: optional(
    parsedText('the path of a claim', parseClaimPath),
    'The claim that holds a token’s groups.',
    DEFAULTS.groupsClaim,
  ),
  tenant: optional(
    parsedText('the path of a claim', parseClaimPath),
    'The claim that holds a token’s tenant, for conditions on subject.tenant.',
    DEFAULTS.tenantClaim,
  ),
  mode: mode('Mode of the credential checks.'),
})
