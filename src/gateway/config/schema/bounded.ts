import type * as z from 'zod'
import { ConfigError } from '../../../base/config-error.ts'
import { parseDuration, parseSize } from '../../../base/units.ts'
import { parsedText } from './fields.ts'

type Parse = (text: string, path: string) => number

/** A parser that also keeps its value between two others, both written as the operator would. */
function within(parse: Parse, least: string, most: string): Parse {
  const min = parse(least, '')
  const max = parse(most, '')
  return (text, path) => {
    const value = parse(text, path)
    if (value >= min && value <= max) return value
    throw new ConfigError({
      path,
      message: `${JSON.stringify(text)} is out of bounds`,
      cure: `at least ${least}, at most ${most}`,
    })
  }
}

/** A duration from `least` to `most`. */
export function boundedDuration(least: string, most: string): z.ZodString {
  return parsedText('a duration with its unit, such as 15m', within(parseDuration, least, most))
}

/** A size from `least` to `most`. */
export function boundedSize(least: string, most: string): z.ZodString {
  return parsedText('a size with its unit, such as 1mb', within(parseSize, least, most))
}
