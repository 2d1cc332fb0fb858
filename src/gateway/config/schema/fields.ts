import * as z from 'zod'
import { ConfigError } from '../../../base/config-error.ts'
import type { ModeInput, OffInput } from '../input.ts'
import { showValue } from '../report.ts'

/** Names a key: one sentence for the reference, and what holds where the key is not written. */
export function key<T extends z.ZodType>(schema: T, about: string, fallback?: unknown): T {
  return schema.meta(
    fallback === undefined ? { description: about } : { description: about, default: fallback },
  )
}

/** As `key`, for keys that may be left out. */
export function optional<T extends z.ZodType>(
  schema: T,
  about: string,
  fallback?: unknown,
): z.ZodOptional<T> {
  return key(schema, about, fallback).optional()
}

/** A text that one of our parsers must be able to read; `expected` names it, such as `a duration such as 15s`. */
export function parsedText(
  expected: string,
  parse: (text: string, path: string) => unknown,
): z.ZodString {
  const text = z.string({
    error: (issue) =>
      issue.input === undefined ? undefined : `must be ${expected}, not ${showValue(issue.input)}`,
  })
  const checked = text.superRefine((value, context) => {
    try {
      parse(value, '')
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const fault of error.faults) {
        context.addIssue({ code: 'custom', message: fault.message, params: { cure: fault.cure } })
      }
    }
  })
  return checked.meta({ title: expected })
}

/** As `parsedText`, for settings that can be switched off with `off`. */
export function parsedTextOrOff(
  expected: string,
  parse: (text: string, path: string) => unknown,
): z.ZodType<string | false> {
  const unlessOff = (text: string, path: string): unknown =>
    text === 'off' ? undefined : parse(text, path)
  return z.union([z.literal(false), parsedText(`${expected}, or off`, unlessOff)])
}

/** A text that must not be empty, at most 1000 characters. */
export function name(): z.ZodString {
  return z.string().min(1).max(1000)
}

/** One text or a list of them, at least one. */
export function oneOrMore(item: z.ZodType<string>): z.ZodType<string | readonly string[]> {
  return z.union([z.array(item).min(1), item])
}

/** `off` or `false`. */
export function off(): z.ZodType<OffInput> {
  return z.union([z.literal(false), z.literal('off')])
}

/** One of the words, or off. */
export function wordOrOff<const T extends string>(...words: readonly T[]): z.ZodType<T | OffInput> {
  const all = [...words, 'off'] as readonly (T | 'off')[]
  return z.union([z.literal(false), z.literal(all)])
}

/** A `mode`; a block without its own has that of the whole. */
export function mode(about: string, fallback?: string): z.ZodOptional<z.ZodType<ModeInput>> {
  return optional(wordOrOff('enforce', 'monitor'), about, fallback)
}

/** A TCP port; 0 takes any free one. */
export function port(): z.ZodNumber {
  return z.int().min(0).max(65_535)
}
