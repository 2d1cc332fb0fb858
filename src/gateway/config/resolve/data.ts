import { OTHERS, parseFieldAccess, parseFieldAction } from '../../../pipeline/field-access.ts'
import type { FieldAccess } from '../../../pipeline/field-access.ts'
import { parseFieldClass } from '../../../pipeline/field-class.ts'
import type { FieldClass, TokenRule } from '../../../pipeline/field-class.ts'
import type { Policy } from '../../../pipeline/policy.ts'
import type { DataInput, FieldAccessInput, TokenRuleInput } from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import { formatPath } from '../paths.ts'
import { isOff } from './resolver.ts'

/** What a `data` block says; keys that are not written are absent. `at`: the block of a rule. */
export function resolveData(input: DataInput, at?: ConfigPath): Partial<Policy['data']> {
  const { errors, compress, uniform, secrets, encode, mask, classes, tokenize } = input
  const showsClasses = mask !== undefined || classes !== undefined
  return {
    ...(errors !== undefined && { errors }),
    ...(compress !== undefined && { compress: isOff(compress) ? 'off' : 'on' }),
    ...(uniform !== undefined && { uniform: resolveUniform(uniform) }),
    ...(secrets !== undefined && { secrets: isOff(secrets) ? 'off' : 'redact' }),
    ...(encode !== undefined && { encode: isOff(encode) ? 'off' : 'html' }),
    ...(showsClasses && { classes: resolveClasses(mask ?? [], classes ?? {}) }),
    ...(tokenize !== undefined && { tokenize: resolveTokens(tokenize, at) }),
  }
}

/** What is written for a class comes before the list of what is masked. */
function resolveClasses(
  mask: readonly string[],
  classes: Readonly<Record<string, FieldAccessInput>>,
): Policy['data']['classes'] {
  const found = new Map<FieldClass, FieldAccess>()
  for (const text of mask)
    for (const name of parseFieldClass(text, '')) found.set(name, accessOf('mask'))
  for (const [text, access] of Object.entries(classes))
    for (const name of parseFieldClass(text, '')) found.set(name, accessOf(access))
  return found
}

function accessOf(input: FieldAccessInput): FieldAccess {
  return typeof input === 'string'
    ? { roles: new Map(), others: parseFieldAction(input, OTHERS) }
    : parseFieldAccess(input, '')
}

function resolveTokens(
  tokenize: Readonly<Record<string, TokenRuleInput>>,
  at: ConfigPath | undefined,
): Policy['data']['tokenize'] {
  return new Map(
    Object.entries(tokenize).map(([name, rule]): [string, TokenRule] => {
      const place = at && { at: formatPath([...at, 'tokenize', name]) }
      if (typeof rule === 'string') return [name, { form: rule, read: [], open: [], ...place }]
      const { form = 'siv', read = [], open = [], parameters } = rule
      return [name, { form, read, open, ...(parameters !== undefined && { parameters }), ...place }]
    }),
  )
}

/** A list means failures. */
function resolveUniform(input: NonNullable<DataInput['uniform']>): Policy['data']['uniform'] {
  if (isList(input)) return new Map(input.map((id) => [id, 'failures']))
  return new Map(Object.entries(input))
}

function isList(input: NonNullable<DataInput['uniform']>): input is readonly string[] {
  return Array.isArray(input)
}
