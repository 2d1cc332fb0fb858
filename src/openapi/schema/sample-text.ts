import type { Regex } from './regex-syntax.ts'
import { parseRegex } from './regex-syntax.ts'

/** A text for each asserted format. */
export const FORMAT_SAMPLES: ReadonlyMap<string, string> = new Map([
  ['date', '2026-01-31'],
  ['time', '12:30:00Z'],
  ['date-time', '2026-01-31T12:30:00Z'],
  ['duration', 'P1D'],
  ['uuid', '3f0c1f2e-6f8b-4c58-9f4e-2b7f7b6f7d10'],
  ['email', 'someone@example.com'],
  ['hostname', 'www.example.com'],
  ['ipv4', '192.0.2.1'],
  ['ipv6', '2001:db8::1'],
  ['uri', 'https://www.example.com/path'],
  ['uri-reference', '/path'],
  ['json-pointer', '/a'],
  ['byte', 'c2FtcGxl'],
  ['decimal', '1.5'],
])

/** Longest text made; a schema that asks for more gets no sample. */
const MAX_LENGTH = 10_000

/** A text of a length between `min` and `max`, in letters. */
export function plainText(min: number, max: number): string | undefined {
  if (min > MAX_LENGTH || min > max) return undefined
  return 'sample'.slice(0, max).padEnd(min, 'x')
}

/** A text that a simple pattern matches; `undefined` where it is not simple. The caller checks it. */
export function patternText(source: string, min: number): string | undefined {
  const regex = parseRegex(source, true)
  if (regex === undefined || min > MAX_LENGTH) return undefined
  const short = write(regex, 0)
  if (short === undefined || short.length >= min) return short
  // One loop is drawn out until the text is long enough.
  for (let rounds = 1; rounds <= min; rounds = Math.max(rounds + 1, Math.floor(rounds * 1.5))) {
    const text = write(regex, rounds)
    if (text === undefined || text.length > MAX_LENGTH || text.length >= min) return text
  }
  return undefined
}

function write(regex: Regex, rounds: number): string | undefined {
  switch (regex.kind) {
    case 'chars':
      return regex.property === undefined ? oneOf(regex.set) : 'A'
    case 'group':
      return write(regex.body, rounds)
    case 'sequence': {
      const parts = regex.parts.map((part) => write(part, rounds))
      return parts.every((part) => part !== undefined) ? parts.join('') : undefined
    }
    case 'choice':
      return regex.branches.map((one) => write(one, rounds)).find((text) => text !== undefined)
    case 'repeat': {
      const count = Math.min(Math.max(regex.min, rounds), regex.max)
      const body = write(regex.body, 0)
      if (count === 0) return ''
      return body === undefined || count > MAX_LENGTH ? undefined : body.repeat(count)
    }
    case 'assert':
      return ''
    default:
      return undefined
  }
}

/** A readable character of a set. */
function oneOf(set: readonly (readonly [number, number])[]): string | undefined {
  const [first] = set
  const has = (point: number): boolean => set.some(([from, to]) => point >= from && point <= to)
  for (const char of 'a1A0-x_') if (has(char.charCodeAt(0))) return char
  return first === undefined ? undefined : String.fromCodePoint(first[0])
}
