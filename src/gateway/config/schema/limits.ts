import * as z from 'zod'
import {
  parseDuration,
  parseFailureLimit,
  parseLimitKeyPart,
  parseOperationLimit,
  parsePlanRate,
  parsePolicyRate,
  parseRate,
} from '../../../base/units.ts'
import type { Priority, Sensitivity } from '../../../pipeline/policy.ts'
import { BOUNDS, DEFAULTS } from '../defaults.ts'
import type { LimitsInput, OperationLimitInput } from '../input.ts'
import { parseCidr } from '../../../base/cidr.ts'
import { parseClaimPath, parseHeaderAlias } from '../values/text.ts'
import { mode, name, off, oneOrMore, optional, parsedText, parsedTextOrOff } from './fields.ts'

/** One value of `limits.operations`, and `limits.operation` of a rule. */
export const operationLimitSchema: z.ZodType<OperationLimitInput> = z.union([
  z.strictObject({
    rate: optional(
      parsedText('a rate such as 5/min', parsePolicyRate),
      'How often, such as 5/min, quota 100/day, or leaky 2/s burst 10.',
    ),
    by: optional(
      oneOrMore(parsedText('what to count by', parseLimitKeyPart)),
      'What is counted: ip, principal, subject, tenant, body.NAME, query.NAME, path.NAME, header.NAME, claim.NAME; each combination has its own bucket.',
    ),
    cost: optional(
      z.int().min(1).max(BOUNDS.cost),
      'What one call takes from the principal’s limit.',
      1,
    ),
    concurrency: optional(
      z.int().min(1).max(BOUNDS.concurrency),
      'How many calls of it run at once, in this process; the next gets 503.',
    ),
    flow: optional(
      oneOrMore(parsedText('a limit such as "3/day by body.card"', parseOperationLimit)),
      'How often somebody goes through it, whoever calls, as with x-sallyport-flow-limit; counted as a quota.',
    ),
  }),
  parsedTextOrOff('a limit such as "5/min by ip"', parseOperationLimit),
])

const policyRate = (): z.ZodType<string | false> =>
  parsedTextOrOff('a rate such as 5/min', parsePolicyRate)

const rate = (): z.ZodType<string | false> => parsedTextOrOff('a rate such as 5/min', parseRate)

/** The limit of principals, at the top and in rules. */
export const principalLimit = (): z.ZodOptional<z.ZodType<string | false>> =>
  optional(policyRate(), 'Requests per key or subject.', DEFAULTS.principalLimit)

/** What is served last when not all can be, at the top and in rules. */
export const priority = (): z.ZodOptional<z.ZodType<Priority>> =>
  optional(
    z.literal(['low', 'normal', 'high']),
    'What is refused first while the process is overloaded; high never is.',
    DEFAULTS.priority,
  )

/** What is closed first, at the top and in rules. */
export const sensitivity = (): z.ZodOptional<z.ZodType<Sensitivity>> =>
  optional(
    z.literal(['normal', 'high']),
    'How much a call is worth protecting, as x-sallyport-sensitivity in the document; high is closed (503) while the counter store is away and whenStoreFails is strict.',
    'normal',
  )

const policyName = (): z.ZodString =>
  z.string().regex(/^[A-Za-z][\w.-]{0,40}$/, 'must be a short name such as tenant')

const concurrencySchema = z.union([
  off(),
  z.literal('adaptive'),
  z.int().min(1).max(BOUNDS.concurrency),
  z.strictObject({
    total: optional(
      z.union([z.literal('adaptive'), z.int().min(1).max(BOUNDS.concurrency)]),
      'Requests in work at once in this process, or adaptive: as many as keep the API quick.',
    ),
    principal: optional(
      z.int().min(1).max(BOUNDS.concurrency),
      'Requests in work at once per key or subject; the next gets 429.',
    ),
  }),
])

const duration = (): z.ZodString => parsedText('a duration such as 5min', parseDuration)

const penaltiesSchema = z.union([
  off(),
  z.literal('on'),
  z.strictObject({
    score: optional(
      parsedText('a rate such as 300/5min', parseRate),
      'Refusals (401, 403, 404, 422, 429) that a caller may collect.',
      DEFAULTS.penalties.score,
    ),
    boxes: optional(
      z.array(duration()).min(1).max(8),
      'For how long a caller is put aside the first time, the second, and so on.',
      DEFAULTS.penalties.boxes,
    ),
    forgive: optional(
      duration(),
      'After so long one step is forgiven.',
      DEFAULTS.penalties.forgive,
    ),
    exempt: optional(
      z.array(parsedText('a network such as 10.0.0.0/8', parseCidr)),
      'Networks of monitors and tests that nobody puts aside.',
      [],
    ),
  }),
])

/** `limits`. */
export const limitsSchema: z.ZodType<LimitsInput> = z.strictObject({
  ip: optional(rate(), 'Requests per client address (IPv6: per /64).', DEFAULTS.ipLimit),
  principal: principalLimit(),
  policies: optional(
    z.record(policyName(), parsedText('a limit such as "6000/min by tenant"', parseOperationLimit)),
    'Further limits of every call, by name; counted by anything but parts of the body, decided together with principal.',
  ),
  plans: optional(
    z.record(policyName(), oneOrMore(parsedText('a rate such as 1k/day', parsePlanRate))),
    'What callers of a plan have: rates, or quotas (by the hour and longer). A key names its plan in the tag plan:NAME, a token in a claim; whoever names none has the plan default.',
  ),
  plan: optional(
    parsedText('the path of a claim', parseClaimPath),
    'The claim that holds a token’s plan.',
    DEFAULTS.planClaim,
  ),
  concurrency: optional(concurrencySchema, 'How many requests are in work at once.', 'off'),
  penalties: optional(
    penaltiesSchema,
    'Who is refused again and again is put aside, each time for longer.',
    'off',
  ),
  failures: optional(
    parsedTextOrOff('a limit such as 10/5min ban 15min', parseFailureLimit),
    'Failed credentials per client address, and how long further failing ones are turned away.',
    DEFAULTS.failureLimit,
  ),
  errors: optional(
    rate(),
    '401 and 404 answers per client address without a valid credential.',
    DEFAULTS.errorLimit,
  ),
  operations: optional(
    z.union([off(), z.record(name(), operationLimitSchema)]),
    'Limits of single operations, by operation id.',
  ),
  headers: optional(
    z.strictObject({
      aliases: optional(
        z.array(parsedText('a header spelling', parseHeaderAlias)),
        'Further spellings of the limit headers, such as X-Rate-Limit-*.',
        [],
      ),
      reset: optional(
        z.literal(['delta', 'epoch']),
        'X-RateLimit-Reset in seconds from now, or as a moment (seconds since 1970).',
        'delta',
      ),
    }),
    'The headers that tell clients about limits.',
  ),
  overload: optional(
    parsedTextOrOff('a duration such as 200ms', parseDuration),
    'How late the event loop may be (99 of 100 in a second); later for 5 s, operations of low priority get 503, after 10 s half of those of normal priority too.',
    DEFAULTS.overload,
  ),
  priority: priority(),
  sensitivity: sensitivity(),
  whenStoreFails: optional(
    z.literal(['local', 'open', 'closed', 'strict']),
    'While the counter store is away: this process counts its share alone, nothing is counted, nobody passes (503), or (strict) as local, but operations of high sensitivity get 503.',
    DEFAULTS.whenStoreFails,
  ),
  mode: mode('Mode of all limits.'),
})
