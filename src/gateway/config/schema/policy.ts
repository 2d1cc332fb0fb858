import * as z from 'zod'
import { BOUNDS, DEFAULTS } from '../defaults.ts'
import type { OffInput, ValidateInput } from '../input.ts'
import { parseUrlHost } from '../values/network.ts'
import { boundedSize } from './bounded.ts'
import { mode, off, optional, parsedText, wordOrOff } from './fields.ts'

/** A bound, or none. */
function cap(): z.ZodType<number | OffInput> {
  return z.union([off(), z.int().min(1).max(BOUNDS.cap)])
}

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
  maxNames: optional(
    z.int().min(1).max(BOUNDS.maxNames),
    'Most different names of members in a JSON body, besides those of its first 256 members; each new one is dear.',
    DEFAULTS.maxNames,
  ),
  urlHosts: optional(
    z.array(parsedText('a host, or a host and its port', parseUrlHost)),
    'Hosts that URL fields of requests may name, host or host:port (80 for plain http); any public host unless said.',
    [],
  ),
  caps: optional(
    z.union([
      wordOrOff('on'),
      z.strictObject({
        string: optional(
          cap(),
          'Most characters of a text where the document sets no maxLength; files in fields are bounded by maxBody.',
          DEFAULTS.capString,
        ),
        array: optional(
          cap(),
          'Most items of a list where the document sets no maxItems.',
          DEFAULTS.capArray,
        ),
        page: optional(
          cap(),
          'Most that a query parameter such as limit may ask for on a page without a declared maximum. Holds also where caps is not written.',
          DEFAULTS.capPage,
        ),
      }),
    ]),
    'Bounds for what the document leaves unbounded in requests; on: those of the block. Not written: only page.',
  ),
  mode: mode('Mode of the validation of requests and responses.'),
})
