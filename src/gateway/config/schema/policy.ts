import * as z from 'zod'
import type { Priority } from '../../../pipeline/policy.ts'
import {
  parseDuration,
  parseFailureLimit,
  parseLimitKeyPart,
  parseOperationLimit,
  parseRate,
} from '../../../base/units.ts'
import { BOUNDS, DEFAULTS } from '../defaults.ts'
import type { LimitsInput, OperationLimitInput, ValidateInput } from '../input.ts'
import { parseHostName } from '../values/network.ts'
import { parseHeaderAlias } from '../values/text.ts'
import { boundedSize } from './bounded.ts'
import {
  mode,
  name,
  off,
  oneOrMore,
  optional,
  parsedText,
  parsedTextOrOff,
  wordOrOff,
} from './fields.ts'

/** `validate`, at the top and in rules. */
export const validateSchema: z.ZodType<ValidateInput> = z.strictObject({
  request: optional(
    wordOrOff('strict', 'schema'),
    'strict: what the document does not declare is refused; schema: only what it declares is checked.',
    DEFAULTS.request,
  ),
  response: optional(
    wordOrOff('filter', 'strict', 'observe'),
    'filter: undeclared fields are removed; strict: a wrong answer becomes 502; observe: only counted.',
    DEFAULTS.response,
  ),
  maxBody: optional(
    boundedSize('1b', BOUNDS.maxBody),
    'Largest request body that is read whole.',
    DEFAULTS.maxBody,
  ),
  maxDepth: optional(
    z.int().min(1).max(BOUNDS.maxDepth),
    'Deepest nesting of a body.',
    DEFAULTS.maxDepth,
  ),
  urlHosts: optional(
    z.array(parsedText('a host name', parseHostName)),
    'Hosts that URL fields of requests may name; any public host unless said.',
    [],
  ),
  caps: optional(
    z.union([
      off(),
      z.strictObject({
        string: optional(
          z.int().min(1),
          'Longest string where the document sets no maxLength.',
          DEFAULTS.capString,
        ),
        array: optional(
          z.int().min(1),
          'Longest array where the document sets no maxItems.',
          DEFAULTS.capArray,
        ),
      }),
    ]),
    'Bounds for strings and arrays that the document leaves unbounded.',
    'off',
  ),
  mode: mode('Mode of the validation of requests and responses.'),
})

/** One value of `limits.operations`, and `limits.operation` of a rule. */
export const operationLimitSchema: z.ZodType<OperationLimitInput> = z.union([
  z.strictObject({
    rate: optional(parsedText('a rate such as 5/min', parseRate), 'How often, such as 5/min.'),
    by: optional(
      oneOrMore(parsedText('what to count by', parseLimitKeyPart)),
      'What is counted: ip, principal, body.NAME, query.NAME, path.NAME, header.NAME, claim.NAME; each combination has its own bucket.',
    ),
    cost: optional(
      z.int().min(1).max(BOUNDS.cost),
      'What one call takes from the principal’s limit.',
      1,
    ),
  }),
  parsedTextOrOff('a limit such as "5/min by ip"', parseOperationLimit),
])

const rate = (): z.ZodType<string | false> => parsedTextOrOff('a rate such as 5/min', parseRate)

/** The limit of principals, at the top and in rules. */
export const principalLimit = (): z.ZodOptional<z.ZodType<string | false>> =>
  optional(rate(), 'Requests per key or subject.', DEFAULTS.principalLimit)

/** What is served last when not all can be, at the top and in rules. */
export const priority = (): z.ZodOptional<z.ZodType<Priority>> =>
  optional(
    z.literal(['low', 'normal', 'high']),
    'What is refused first while the process is overloaded; high never is.',
    DEFAULTS.priority,
  )

/** `limits`. */
export const limitsSchema: z.ZodType<LimitsInput> = z.strictObject({
  ip: optional(rate(), 'Requests per client address (IPv6: per /64).', DEFAULTS.ipLimit),
  principal: principalLimit(),
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
    }),
    'The headers that tell clients about limits.',
  ),
  overload: optional(
    parsedTextOrOff('a duration such as 200ms', parseDuration),
    'How late the event loop may be (99 of 100 in a second); later for 5 s, operations of low priority get 503, after 10 s half of those of normal priority too.',
    DEFAULTS.overload,
  ),
  priority: priority(),
  whenStoreFails: optional(
    z.literal('local'),
    'What counts while the counter store is down: this process alone.',
    'local',
  ),
  mode: mode('Mode of all limits.'),
})
