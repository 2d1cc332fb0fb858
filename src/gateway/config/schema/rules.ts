import * as z from 'zod'
import type { RuleInput } from '../input.ts'
import { parsePathPattern, parseUntil } from '../values/text.ts'
import { ruleAuthorizeSchema } from './authorize.ts'
import { dataSchema } from './data.ts'
import { mode, name, oneOrMore, optional, parsedText, wordOrOff } from './fields.ts'
import { ruleNetworkSchema } from './network.ts'
import { operationLimitSchema, principalLimit, priority, sensitivity } from './limits.ts'
import { validateSchema } from './policy.ts'

const names = (): z.ZodType<string | readonly string[]> => oneOrMore(name())
const paths = (): z.ZodType<string | readonly string[]> =>
  oneOrMore(parsedText('a path', parsePathPattern))
const methods = (): z.ZodType<string | readonly string[]> =>
  oneOrMore(z.string().regex(/^[A-Za-z-]{1,20}$/, 'must be a method such as GET'))

const ruleLimitsSchema = z.strictObject({
  principal: principalLimit(),
  operation: optional(operationLimitSchema, 'A limit for each operation the rule selects.'),
  priority: priority(),
  sensitivity: sensitivity(),
  mode: mode('Mode of the limits.'),
})

/** One entry of `rules`. */
export const ruleSchema: z.ZodType<RuleInput> = z.strictObject({
  api: optional(name(), 'Selects the operations of one API.'),
  operation: optional(names(), 'Selects operations by id; the narrowest selector.'),
  operations: optional(names(), 'The same as operation.'),
  path: optional(
    paths(),
    'Selects by path: /orders/{id}, or /admin/* for everything below; narrower than tag.',
  ),
  paths: optional(paths(), 'The same as path.'),
  tag: optional(names(), 'Selects by a tag of the document; narrower than method.'),
  tags: optional(names(), 'The same as tag.'),
  method: optional(methods(), 'Selects by method; the widest selector.'),
  methods: optional(methods(), 'The same as method.'),
  mode: mode('Mode of everything, for these operations.'),
  auth: optional(
    z.strictObject({ mode: mode('Mode of the credential checks.') }),
    'As the block auth, its mode only.',
  ),
  authorize: optional(
    ruleAuthorizeSchema,
    'Who may call the selected operations and see their fields; what is narrower wins as a whole.',
  ),
  validate: optional(validateSchema, 'As the block validate; keys not written keep their value.'),
  data: optional(dataSchema, 'As the block data; keys not written keep their value.'),
  limits: optional(ruleLimitsSchema, 'Limits that are counted once the operation is known.'),
  network: optional(
    ruleNetworkSchema,
    'Where requests for the selected operations may come from, besides what holds for all.',
  ),
  detect: optional(
    z.strictObject({ mode: mode('Mode of what is watched.') }),
    'As the block detect, its mode only.',
  ),
  relax: optional(
    z.record(
      z.string().regex(/^[a-z][a-z-]{0,40}$/, 'must be a block or a control'),
      wordOrOff('monitor'),
    ),
    'Blocks or controls that are relaxed until a date; needs why and until.',
  ),
  why: optional(name(), 'The reason, for the audit.'),
  until: optional(
    parsedText('a date such as 2026-12-06', parseUntil),
    'When relax ends by itself: a day (ends when it begins, UTC) or a date-time.',
  ),
})
