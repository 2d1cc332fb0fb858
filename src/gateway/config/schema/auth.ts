import * as z from 'zod'
import { DEFAULTS, BOUNDS } from '../defaults.ts'
import type { AuthInput, IssuerInput } from '../input.ts'
import { parseClaimPath } from '../values/text.ts'
import { JWT_ALGS, parseIssuer, parseJwks } from '../values/jwt.ts'
import { boundedDuration } from './bounded.ts'
import { key, mode, name, oneOrMore, optional, parsedText } from './fields.ts'

const issuerSchema: z.ZodType<IssuerInput> = z.strictObject({
  audience: key(oneOrMore(name()), 'This API’s name in the aud claim; one of several is enough.'),
  algs: optional(
    z.array(z.literal(JWT_ALGS)).min(1),
    'Signature algorithms accepted from this issuer; the token never chooses.',
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
  schemes: optional(
    z.record(name(), z.literal(['apiKey', 'jwt', 'upstream'])),
    'How each security scheme of the document is met; upstream: the API checks it itself.',
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
