import { EVENT_ID, getScalarValue, parseEvents } from 'js-yaml'
import type { Event } from 'js-yaml'
import { splitPointer } from './pointer.ts'
import { MAX_DEPTH } from './parse-text.ts'

/** One-based place in a text. */
export interface TextPlace {
  readonly line: number
  readonly column: number
}

/**
 * Finds where a JSON Pointer stands in the text of a JSON or YAML file: the line and column of the member's key, or
 * of the deepest part that the text has. Parses the text anew, so call it only where a finding is printed.
 * @returns `undefined` when the text does not parse. Never throws.
 */
export function locate(text: string, pointer: string): TextPlace | undefined {
  return locateAll(text, [pointer])[0]
}

/** Like `locate` for many pointers of one text, which is parsed once. */
export function locateAll(
  text: string,
  pointers: readonly string[],
): readonly (TextPlace | undefined)[] {
  const events = eventsOf(text)
  if (events === undefined) return pointers.map(() => undefined)
  return pointers.map((pointer) => placeAt(text, offsetOf({ text, events }, pointer)))
}

interface Source {
  readonly text: string
  readonly events: readonly Event[]
}

function eventsOf(text: string): readonly Event[] | undefined {
  try {
    return parseEvents(text, { maxDepth: MAX_DEPTH })
  } catch {
    // A text that does not parse has no places; its own error carries line and column.
    return undefined
  }
}

function offsetOf(source: Source, pointer: string): number {
  let index = 1
  let offset = startOf(source.events[index]) ?? 0
  for (const part of splitPointer(pointer) ?? []) {
    const found = child(source, index, part)
    if (found === undefined) break
    index = found.index
    offset = found.offset
  }
  return offset
}

/** The node behind a key of the collection at `index`, with the offset to show for it. */
function child(
  source: Source,
  index: number,
  part: string,
): { readonly index: number; readonly offset: number } | undefined {
  const parent = source.events[index]
  const isMapping = parent?.type === EVENT_ID.MAPPING
  if (!isMapping && parent?.type !== EVENT_ID.SEQUENCE) return undefined
  let at = index + 1
  for (let count = 0; at < source.events.length; count++) {
    const key = source.events[at]
    if (key === undefined || key.type === EVENT_ID.POP) return undefined
    const valueAt = isMapping ? skipNode(source.events, at) : at
    if (nameOf(source, isMapping ? key : undefined, count) === part) {
      return { index: valueAt, offset: startOf(key) ?? 0 }
    }
    at = skipNode(source.events, valueAt)
  }
  return undefined
}

function nameOf(source: Source, key: Event | undefined, count: number): string | undefined {
  if (key === undefined) return String(count)
  return key.type === EVENT_ID.SCALAR ? getScalarValue(source.text, key) : undefined
}

function skipNode(events: readonly Event[], index: number): number {
  let depth = 0
  for (let at = index; at < events.length; at++) {
    const type = events[at]?.type
    if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) depth++
    else if (type === EVENT_ID.POP) depth--
    if (depth <= 0) return at + 1
  }
  return events.length
}

function startOf(event: Event | undefined): number | undefined {
  if (event === undefined) return undefined
  if (event.type === EVENT_ID.SCALAR) return event.valueStart
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart
  return 'start' in event ? event.start : undefined
}

function placeAt(text: string, offset: number): TextPlace {
  const before = text.slice(0, Math.max(0, offset))
  const lineStart = before.lastIndexOf('\n') + 1
  let line = 1
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line++
  return { line, column: before.length - lineStart + 1 }
}
