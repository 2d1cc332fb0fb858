import * as z from 'zod'
import { BOUNDS, DEFAULTS } from '../defaults.ts'
import type { ValidateInput } from '../input.ts'
import { parseUrlHost } from '../values/network.ts'
import { boundedSize } from './bounded.ts'
import { mode, off, optional, parsedText, wordOrOff } from './fields.ts'

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
    z.array(parsedText('a host, or a host and its port', parseUrlHost)),
    'Hosts that URL fields of requests may name, host or host:port (80 for plain http); any public host unless said.',
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
