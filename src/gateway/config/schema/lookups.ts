import * as z from 'zod'
import { DEFAULTS } from '../defaults.ts'
import type { LookupInput } from '../input.ts'
import { parseLookupQuery, parseLookupTarget, parseMember } from '../values/lookup.ts'
import { boundedDuration } from './bounded.ts'
import { name, off, optional, parsedText } from './fields.ts'

/** One entry of `authorize.lookups`. */
export const lookupSchema: z.ZodType<LookupInput> = z.strictObject({
  from: optional(
    parsedText('a database such as sqlite:./shop.db or env:SHOP_DATABASE', parseLookupTarget),
    'The database: sqlite:PATH, or env:NAME or file:PATH that holds postgres://…; it is only read.',
  ),
  query: optional(
    parsedText('a query', parseLookupQuery),
    'One SELECT of one column, with $1 for the id: SELECT owner FROM orders WHERE id = $1.',
  ),
  operation: optional(
    name(),
    'In place of a database: the GET operation whose answer tells, with one id at the end of its path, or without any: of the caller.',
  ),
  value: optional(
    parsedText('a place in an answer, such as customer.id', parseMember),
    'Where the value stands in the answer of the operation; in a list of the caller’s own, where the id does.',
  ),
  cache: optional(
    z.union([off(), boundedDuration('1s', '30s')]),
    'How long a value is remembered; that there is none, at most 5s.',
    DEFAULTS.lookupCache,
  ),
  timeout: optional(
    boundedDuration('10ms', '10s'),
    'How long one question may take; then the call is refused (503).',
    DEFAULTS.lookupTimeout,
  ),
})
