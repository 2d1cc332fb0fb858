import * as z from 'zod'
import { parseCidr } from '../../../base/cidr.ts'
import { parseSize } from '../../../base/units.ts'
import { GRADES, HIJACK_RESPONSES } from '../../../pipeline/detect-policy.ts'
import { BOUNDS, DEFAULTS } from '../defaults.ts'
import type { DetectInput, GradeInput, HijackInput } from '../detect-input.ts'
import { parseAddressEntry } from '../values/address-list.ts'
import { parseThreshold } from '../values/threshold.ts'
import { parseFieldName } from '../values/wrap.ts'
import { boundedDuration } from './bounded.ts'
import { mode, optional, parsedText, wordOrOff } from './fields.ts'

const grade = (): z.ZodType<GradeInput> => wordOrOff(...GRADES)

const response = (fallback: string = DEFAULTS.detect): z.ZodOptional<z.ZodType<GradeInput>> =>
  optional(grade(), 'What may follow at most.', fallback)

const threshold = (): z.ZodString => parsedText('a threshold such as 200/10min', parseThreshold)

const honeypots = z.strictObject({
  response: response(DEFAULTS.honeypots),
  paths: optional(
    z.array(z.string().regex(/^\/[\x21-\x7e]{0,200}$/, 'must be a path such as /wp-login.php')),
    'Paths that nobody has a reason to ask for; a built-in list unless said.',
  ),
})

const enumeration = z.strictObject({
  response: response(),
  fast: optional(
    threshold(),
    'Different ids that are new that day, from one caller.',
    DEFAULTS.enumerationFast,
  ),
  slow: optional(threshold(), 'Different ids from one caller.', DEFAULTS.enumerationSlow),
})

const stuffing = z.strictObject({
  response: response(),
  accounts: optional(
    threshold(),
    'Accounts at which one source failed.',
    DEFAULTS.stuffingAccounts,
  ),
  sources: optional(threshold(), 'Sources that failed at one account.', DEFAULTS.stuffingSources),
  spread: optional(
    threshold(),
    'Failures of all sources that their accounts do not know, from where on such sources are slowed down together.',
    DEFAULTS.stuffingSpread,
  ),
})

const volume = z.strictObject({
  response: response(),
  factor: optional(
    z.number().min(2).max(10_000),
    'How many times the usual amount.',
    DEFAULTS.volumeFactor,
  ),
  minimum: optional(
    parsedText('a size such as 5mb', parseSize),
    'In ten minutes; below it nothing is unusual.',
    DEFAULTS.volumeMinimum,
  ),
})

const hijackResponse = (): z.ZodType<HijackInput> => wordOrOff(...HIJACK_RESPONSES)

const hijack = z.strictObject({
  response: optional(hijackResponse(), 'To another network and another program.', DEFAULTS.hijack),
  travel: optional(
    hijackResponse(),
    'To a caller who is where nobody can be so soon: more than 500 km away at more than 900 km/h. Needs a database that knows where addresses are, not where they are registered.',
    DEFAULTS.hijackTravel,
  ),
  vpn: optional(
    z.array(parsedText('an address, a block, or file:PATH', parseAddressEntry)),
    'Addresses, blocks and files whose clients may be anywhere: they are nowhere for `travel`.',
    [],
  ),
  fingerprint: optional(
    parsedText('a header name', parseFieldName),
    'Header in which `listen.trustedProxies` write the fingerprint of a client they ended TLS for (JA3, JA4 or any other).',
  ),
})

/** `detect`. */
export const detectSchema: z.ZodType<DetectInput> = z.strictObject({
  bots: optional(
    grade(),
    'Programs by their header fields: log, throttle, challenge, block is the most that may follow.',
    DEFAULTS.detect,
  ),
  honeypots: optional(
    z.union([grade(), honeypots]),
    'Paths and operations (x-sallyport-honeypot) that only an attacker asks for; never forwarded.',
    DEFAULTS.honeypots,
  ),
  enumeration: optional(
    z.union([grade(), enumeration]),
    'Callers that walk through ids.',
    DEFAULTS.detect,
  ),
  stuffing: optional(
    z.union([grade(), stuffing]),
    'Log-ins that fail for many accounts, or from many sources.',
    DEFAULTS.detect,
  ),
  volume: optional(
    z.union([grade(), volume]),
    'Callers that take out many times what they usually do.',
    DEFAULTS.detect,
  ),
  hijack: optional(
    z.union([hijackResponse(), hijack]),
    'A key or token that comes from another network and another program: log, ask for a new log-in, or refuse it.',
    DEFAULTS.hijack,
  ),
  block: optional(
    boundedDuration('1min', BOUNDS.detectBlock),
    'For how long somebody is blocked.',
    DEFAULTS.detectBlock,
  ),
  acr: optional(
    z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'must be printable, no quotes')),
    'Authentication context classes that a step-up asks for (RFC 9470); any of them is enough.',
    [],
  ),
  exempt: optional(
    z.array(parsedText('a network such as 10.0.0.0/8', parseCidr)),
    'Networks of monitors and scanners of your own.',
    [],
  ),
  mode: mode('Mode of what is watched.'),
})
