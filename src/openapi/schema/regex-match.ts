import type { CharSet } from './charset.ts'
import { WORD } from './charset.ts'
import { isAnchored } from './regex-cost.ts'
import { toNative } from './regex-write.ts'
import type { Regex } from './regex-syntax.ts'

/** Steps that one test may take, about 2 ms; beyond them the text counts as not matching. */
const MAX_STEPS = 100_000
/** Rounds of a loop are nested calls here, of about 1 KB each, so they are bounded too. */
const MAX_NESTING = 400
/** Longer texts are not looked at. UTF-16 units. */
export const MAX_STEPPED_LENGTH = 2048

interface State {
  readonly text: string
  left: number
  /** Nested too deep. */
  isLost: boolean
  nesting: number
  readonly captures: Map<number | string, string>
}

type Next = (at: number) => boolean
type Matcher = (at: number, state: State, next: Next) => boolean

/**
 * A backtracking engine that counts its steps, for the few patterns that neither the native engine can run safely
 * nor RE2 at all: look-around and back-references around ambiguous loops. A text that takes too long does not match.
 */
export function compileStepped(regex: Regex): (text: string, steps?: { left: number }) => boolean {
  const matcher = compile(regex)
  const isFixed = isAnchored(regex)
  return (text, steps = { left: MAX_STEPS }) => {
    if (text.length > MAX_STEPPED_LENGTH) return false
    const left = Math.min(MAX_STEPS, steps.left)
    const state: State = { text, left, nesting: 0, captures: new Map(), isLost: false }
    const holds = search(state)
    steps.left -= left - state.left
    return holds
  }

  function search(state: State): boolean {
    const { text } = state
    for (let at = 0; at <= (isFixed ? 0 : text.length); at++) {
      if (isInsidePair(text, at)) continue
      const holds = matcher(at, state, () => true)
      // Out of steps: whatever was found may come from a search that was cut short inside a negation.
      if (state.left < 0 || state.isLost) return false
      if (holds) return true
      state.captures.clear()
    }
    return false
  }
}

/** No match begins between the halves of a surrogate pair. */
function isInsidePair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800
}

function compile(regex: Regex): Matcher {
  switch (regex.kind) {
    case 'chars':
      return single(charTest(regex))
    case 'sequence':
      return regex.parts.map(compile).reduceRight(chain, (at, _, next) => next(at))
    case 'choice': {
      const branches = regex.branches.map(compile)
      return (at, state, next) => branches.some((branch) => branch(at, state, next))
    }
    case 'group':
      return capture(compile(regex.body), regex.index, regex.name)
    case 'repeat':
      return regex.body.kind === 'chars'
        ? repeatChars(regex, charTest(regex.body))
        : repeat(regex, compile(regex.body))
    case 'assert':
      return assertion(regex.at)
    case 'look':
      return look(regex, compile(regex.body))
    default:
      return backreference(regex.to)
  }
}

function spend(state: State): boolean {
  return !state.isLost && --state.left >= 0
}

function chain(second: Matcher, first: Matcher): Matcher {
  return (at, state, next) => first(at, state, (end) => second(end, state, next))
}

/** Length of the character at a place if it fits, else 0. */
type CharTest = (text: string, at: number) => number

function charTest(regex: Extract<Regex, { kind: 'chars' }>): CharTest {
  const property = regex.property === undefined ? undefined : nativeClass(regex.property)
  return (text, at) => {
    const point = text.codePointAt(at)
    if (point === undefined) return 0
    const fits =
      property === undefined ? has(regex.set, point) : property.test(String.fromCodePoint(point))
    if (!fits) return 0
    return point > 0xffff ? 2 : 1
  }
}

/** The class as it was written for RE2, in the native spelling. */
function nativeClass(text: string): RegExp {
  return new RegExp(toNative(text), 'u')
}

function has(set: CharSet, point: number): boolean {
  for (const [from, to] of set) if (point >= from) if (point <= to) return true
  return false
}

function single(test: CharTest): Matcher {
  return (at, state, next) => {
    if (!spend(state)) return false
    const length = test(state.text, at)
    return length > 0 && next(at + length)
  }
}

/** Loops over single characters need no nesting. */
function repeatChars(regex: Extract<Regex, { kind: 'repeat' }>, test: CharTest): Matcher {
  const { min, max, isLazy } = regex
  return (at, state, next) => {
    const ends = [at]
    for (let end = at; ends.length <= max;) {
      const length = spend(state) ? test(state.text, end) : 0
      if (length === 0) break
      end += length
      ends.push(end)
    }
    const tries = ends.slice(min)
    if (!isLazy) tries.reverse()
    return tries.some((end) => spend(state) && next(end))
  }
}

function repeat(regex: Extract<Regex, { kind: 'repeat' }>, body: Matcher): Matcher {
  const { min, max, isLazy } = regex
  const round = (at: number, count: number, run: { state: State; next: Next }): boolean => {
    const { state, next } = run
    if (!spend(state)) return false
    if (state.nesting > MAX_NESTING) {
      state.isLost = true
      return false
    }
    const again = (): boolean => {
      if (count >= max) return false
      state.nesting++
      // ECMA-262 22.2.2.3.1: a round that eats nothing ends the loop.
      const holds = body(at, state, (end) =>
        end === at && count >= min ? false : round(end, count + 1, run),
      )
      state.nesting--
      return holds
    }
    if (count < min) return again()
    return isLazy ? next(at) || again() : again() || next(at)
  }
  return (at, state, next) => round(at, 0, { state, next })
}

function capture(body: Matcher, index: number, name: string): Matcher {
  const key = name === '' ? index : name
  return (at, state, next) =>
    body(at, state, (end) => {
      const before = [state.captures.get(index), state.captures.get(key)] as const
      const text = state.text.slice(at, end)
      state.captures.set(index, text).set(key, text)
      if (next(end)) return true
      restore(state, index, before[0])
      restore(state, key, before[1])
      return false
    })
}

function restore(state: State, key: number | string, text: string | undefined): void {
  if (text === undefined) state.captures.delete(key)
  else state.captures.set(key, text)
}

function backreference(to: number | string): Matcher {
  return (at, state, next) => {
    // A group that took no part matches the empty text (ECMA-262 22.2.2.7.2).
    const text = state.captures.get(to) ?? ''
    return spend(state) && state.text.startsWith(text, at) && next(at + text.length)
  }
}

function look(regex: Extract<Regex, { kind: 'look' }>, body: Matcher): Matcher {
  const search = regex.isBehind ? behind(body) : ahead(body)
  return (at, state, next) => search(at, state) !== regex.isNegated && next(at)
}

function ahead(body: Matcher): (at: number, state: State) => boolean {
  return (at, state) => body(at, state, () => true)
}

function behind(body: Matcher): (at: number, state: State) => boolean {
  return (at, state) => {
    for (let from = at; from >= 0 && spend(state); from--) {
      if (isInsidePair(state.text, from)) continue
      if (body(from, state, (end) => end === at)) return true
    }
    return false
  }
}

function assertion(kind: 'start' | 'end' | 'boundary' | 'inside'): Matcher {
  const isWord = (text: string, at: number): boolean => has(WORD, text.charCodeAt(at))
  return (at, { text }, next) => {
    if (kind === 'start') return at === 0 && next(at)
    if (kind === 'end') return at === text.length && next(at)
    const isBoundary = isWord(text, at - 1) !== isWord(text, at)
    return isBoundary === (kind === 'boundary') && next(at)
  }
}
