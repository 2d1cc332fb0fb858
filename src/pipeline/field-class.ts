import { ConfigError } from '../base/config-error.ts'
import { didYouMean } from '../base/suggest.ts'
import type { FieldAccess } from './field-access.ts'

/** How delicate the values of a field are, as documents say by `x-sallyport-class`. */
export const FIELD_CLASSES = ['public', 'personal', 'sensitive', 'secret', 'payment'] as const
export type FieldClass = (typeof FIELD_CLASSES)[number]

/** What people call several classes together. */
const CLASS_ALIASES: ReadonlyMap<string, readonly FieldClass[]> = new Map([
  ['pii', ['personal', 'sensitive']],
  ['all', ['personal', 'sensitive', 'secret', 'payment']],
])

/** A field whose values leave as tokens. */
export interface TokenRule {
  /** `siv`: a text `tok_…`; `fpe`: digits become other digits. */
  readonly form: 'siv' | 'fpe'
  /** Roles that are shown the values themselves. */
  readonly read: readonly string[]
  /** Roles whose tokens are opened on the way to the API. */
  readonly open: readonly string[]
  /** Parameters in which tokens come back: `path.ssn`, `query.ssn`, `findUser.query.ssn`. */
  readonly parameters?: readonly string[]
  /** Where it was written, unless under `data.tokenize`. */
  readonly at?: string
}

/** What each class is shown as, and to whom. */
export type ClassAccess = ReadonlyMap<FieldClass, FieldAccess>

/** The classes that a word means. Throws `ConfigError` at `path`. */
export function parseFieldClass(text: string, path: string): readonly FieldClass[] {
  const found = FIELD_CLASSES.find((name) => name === text)
  const several = found === undefined ? CLASS_ALIASES.get(text) : [found]
  if (several !== undefined) return several
  const known = [...FIELD_CLASSES, ...CLASS_ALIASES.keys()]
  const message = `${JSON.stringify(text.slice(0, 60))} is no class of fields`
  throw new ConfigError({ path, message, cure: didYouMean(text, known) ?? known.join(', ') })
}
