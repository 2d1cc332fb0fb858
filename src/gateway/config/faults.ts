import type * as z from 'zod'
import { didYouMean } from '../../base/suggest.ts'
import { candidateKeys } from './json-schema.ts'
import type { ConfigPath } from './paths.ts'
import { valueAt } from './paths.ts'
import type { PathFault } from './report.ts'
import { showValue } from './report.ts'

type Issue = z.core.$ZodIssue

const NOUNS: ReadonlyMap<string, string> = new Map([
  ['string', 'a text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'a block of keys'],
  ['record', 'a block of keys'],
])

/** What kind of value it is, for a message; the value itself only where it is plain. */
function describeValue(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a block of keys'
  return showValue(value)
}

function withCure(at: ConfigPath, message: string, cure: string | undefined): PathFault {
  return cure === undefined ? { at, message } : { at, message, cure }
}

/** The message of an issue that the schema leaves to us; handed to zod as its error map. */
export function issueMessage(issue: z.core.$ZodRawIssue): string | undefined {
  const input = issue.input
  switch (issue.code) {
    case 'invalid_type':
      if (input === undefined) return 'is missing'
      return `must be ${NOUNS.get(issue.expected) ?? issue.expected}, not ${describeValue(input)}`
    case 'invalid_value':
      if (input === undefined) return 'is missing'
      return `${describeValue(input)} is not one of ${issue.values.map(String).join(', ')}`
    case 'too_small':
      if (issue.origin === 'number')
        return `must be at least ${issue.minimum}, not ${String(input)}`
      return 'must not be empty'
    case 'too_big':
      if (issue.origin === 'number') return `must be at most ${issue.maximum}, not ${String(input)}`
      return `must not be longer than ${issue.maximum}`
    default:
      return undefined
  }
}

function unknownKeys(issue: z.core.$ZodIssueUnrecognizedKeys, at: ConfigPath): PathFault[] {
  const candidates = candidateKeys(at)
  return issue.keys.map((key) => {
    const cure = didYouMean(key, candidates) ?? `known here: ${candidates.join(', ')}`
    return { at: [...at, key], message: `unknown key ${showValue(key)}`, cure, isKey: true }
  })
}

/** Whether an issue says that the whole value is of another kind, so that its branch of a union was not meant. */
function isOtherKind(issue: Issue): boolean {
  return (
    issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value')
  )
}

/** The branch of a union that was probably meant; by convention the usual one stands last. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  return branches.find((issues) => !issues.some(isOtherKind)) ?? branches.at(-1) ?? []
}

function unionFaults(
  issue: z.core.$ZodIssueInvalidUnion,
  at: ConfigPath,
  data: unknown,
): PathFault[] {
  if (valueAt(data, at) === undefined) return [{ at, message: 'is missing' }]
  return meantBranch(issue.errors).flatMap((inner) => issueFaults(inner, data, at))
}

/**
 * Turns one issue of zod into faults that a person can act on.
 * `data` is what was checked, `base` the path of the value in which the issue arose.
 */
export function issueFaults(issue: Issue, data: unknown, base: ConfigPath = []): PathFault[] {
  const at = [...base, ...issue.path.map((step) => (typeof step === 'symbol' ? '' : step))]
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownKeys(issue, at)
    case 'invalid_union':
      return unionFaults(issue, at, data)
    case 'invalid_key':
      return issue.issues.map((inner) => withCure(at, inner.message, cureOf(inner)))
    case 'invalid_value': {
      const words = issue.values.filter((value) => typeof value === 'string')
      const value = valueAt(data, at)
      return [
        withCure(
          at,
          issue.message,
          typeof value === 'string' ? didYouMean(value, words) : undefined,
        ),
      ]
    }
    case 'invalid_format':
      return [withCure(at, `${describeValue(valueAt(data, at))} ${issue.message}`, undefined)]
    default:
      return [withCure(at, issue.message, cureOf(issue))]
  }
}

function cureOf(issue: Issue): string | undefined {
  if (issue.code !== 'custom') return undefined
  const cure: unknown = issue.params?.['cure']
  return typeof cure === 'string' ? cure : undefined
}
