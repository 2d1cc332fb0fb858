import * as z from 'zod'
import type { ApiInput, ProfileInput, UpstreamObjectInput } from '../input.ts'
import { parseBasePath, parseUntil } from '../values/text.ts'
import { key, name, optional, parsedText } from './fields.ts'
import { upstreamSchema } from './upstream.ts'

const apiFields = {
  openapi: key(name(), 'The API’s OpenAPI document: a JSON or YAML file.'),
  overlays: optional(z.array(name()), 'Overlay files, applied to the document in this order.', []),
  upstream: key(upstreamSchema, 'Where the API runs: a URL, or an object.'),
  basePath: optional(
    parsedText('a path', parseBasePath),
    'Public path in front of the document’s paths; the path of its first server unless said.',
  ),
}

/** One entry of `apis`. */
export const apiSchema: z.ZodType<ApiInput> = z.strictObject(apiFields)

/** The keys of the short form: one API, written at the top of the file. */
export const shorthandFields: {
  readonly openapi: z.ZodOptional<z.ZodType<string>>
  readonly overlays: z.ZodOptional<z.ZodType<string[]>>
  readonly upstream: z.ZodOptional<z.ZodType<string | UpstreamObjectInput>>
  readonly basePath: z.ZodOptional<z.ZodType<string>>
} = {
  openapi: apiFields.openapi.optional(),
  overlays: apiFields.overlays,
  upstream: apiFields.upstream.optional(),
  basePath: apiFields.basePath,
}

/** `profile`. */
export const profileSchema: z.ZodType<ProfileInput> = z.strictObject({
  name: key(
    z.literal('adopt'),
    'adopt: what an incomplete document would break is observed, everything else is enforced.',
  ),
  until: key(
    parsedText('a date such as 2026-12-06', parseUntil),
    'When the profile ends by itself: a day (ends when it begins, UTC) or a date-time.',
  ),
  graduated: optional(
    z.array(name()),
    'Ids of operations that are enforced already, as OPERATION or API:OPERATION.',
    [],
  ),
})
