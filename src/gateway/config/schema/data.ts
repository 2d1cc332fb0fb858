import * as z from 'zod'
import { parseFieldAction } from '../../../pipeline/field-access.ts'
import { parseFieldClass } from '../../../pipeline/field-class.ts'
import { DEFAULTS } from '../defaults.ts'
import type { DataInput, FieldAccessInput, TokenRuleInput } from '../input.ts'
import { mode, name, optional, parsedText, wordOrOff } from './fields.ts'

const action = (): z.ZodString =>
  parsedText('something done with a field, such as last4', parseFieldAction)
const fieldClass = (): z.ZodString => parsedText('a class of fields', parseFieldClass)

const accessSchema: z.ZodType<FieldAccessInput> = z.union([action(), z.record(name(), action())])

const tokenSchema: z.ZodType<TokenRuleInput> = z.union([
  z.strictObject({
    form: optional(
      z.literal(['siv', 'fpe']),
      'siv: a text tok_…; fpe: digits become other digits.',
      'siv',
    ),
    read: optional(z.array(name()), 'Roles that are shown the values themselves.', []),
    open: optional(
      z.array(name()),
      'Roles whose tokens are opened on the way to the API; with fpe, whatever they send is taken for a token.',
      [],
    ),
    parameters: optional(
      z.array(z.string().regex(/^(?:.+\.)?(?:path|query)\..+$/, 'must be path.NAME or query.NAME')),
      'Parameters in which the tokens come back: path.NAME, query.NAME, or OPERATION.query.NAME.',
      [],
    ),
  }),
  z.literal(['siv', 'fpe']),
])

/** `data`, at the top and in rules. */
export const dataSchema: z.ZodType<DataInput> = z.strictObject({
  errors: optional(
    z.literal(['generic', 'pass']),
    'generic: undeclared error bodies of the API become problem+json with the detail only in the log; pass: they go out.',
    DEFAULTS.errors,
  ),
  compress: optional(
    wordOrOff('on'),
    'on: answers are compressed (zstd, br, gzip) for clients that ask for it, except where their length could tell a secret.',
    DEFAULTS.compress,
  ),
  secrets: optional(
    wordOrOff('redact'),
    'redact: private keys, cloud keys, tokens, connection strings, cards and IBANs are taken out of texts that leave, but for fields that say what they hold.',
    DEFAULTS.secretsOut,
  ),
  encode: optional(
    wordOrOff('html'),
    'html: <, >, & and line separators in JSON answers are written as escapes, so that they can stand in a page.',
    DEFAULTS.encode,
  ),
  mask: optional(
    z.array(fieldClass()),
    'Classes of fields (personal, sensitive, secret, payment; pii for the first two) that everybody sees masked.',
    [],
  ),
  classes: optional(
    z.record(fieldClass(), accessSchema),
    'What each class of fields is shown as, to everybody or by role: pass, drop, mask, email, hash, tokenize, fpe, first2, last4, truncate20.',
  ),
  tokenize: optional(
    z.record(name(), tokenSchema),
    'Fields, as Schema.field, whose values leave as tokens: the same within a tenant, opened again by role.',
  ),
  uniform: optional(
    z.union([z.array(name()), z.record(name(), z.literal(['failures', 'all']))]),
    'Log-ins whose differing refusals become one answer, by operation id; { forgotPassword: all }: success as well.',
    [],
  ),
  mode: mode('Mode of the checks on what answers reveal.'),
})
