import * as z from 'zod'
import type { SecretsInput, StoreInput } from '../input.ts'
import { parseStore } from '../values/store.ts'
import { parseFileReference, parseReference } from '../values/text.ts'
import { key, name, oneOrMore, optional, parsedText } from './fields.ts'

const STORE = 'sqlite:PATH, postgres://USER@HOST:PORT/DATABASE, env:NAME, file:PATH or memory:'

/** Where keys and other records are kept. */
export const storeSchema: z.ZodType<StoreInput> = z.union([
  parsedText(STORE, parseStore),
  z.strictObject({
    url: key(
      parsedText(STORE, parseStore),
      'As `store` itself; a URL with a password stands in env:NAME or file:PATH.',
    ),
    ca: optional(
      parsedText('env:NAME or file:PATH', parseReference),
      'PEM of the authority that signed the certificate of the PostgreSQL; those of the system unless said.',
    ),
  }),
])

/** Where the installation's own secrets stand. */
export const secretsSchema: z.ZodType<SecretsInput> = z.union([
  parsedText('file:PATH', parseFileReference),
  z.strictObject({
    file: optional(name(), 'The path of the file.', './sallyport.secrets'),
    key: key(
      oneOrMore(parsedText('env:NAME or file:PATH', parseReference)),
      'What seals the file (AES-256-GCM): 32 bytes, as `openssl rand -base64 32` writes them. Of several the first seals, the others still open.',
    ),
  }),
])
