import type { MaybePromise } from '../../base/maybe-promise.ts'

/**
 * One fact: `subject` stands in `relation` to `object`, in the words of one tenant (empty: of callers without one).
 * Written `order:7#viewer@ann`; a subject `group:eng#member` is everybody who stands in that relation.
 */
export interface RelationTuple {
  readonly tenant: string
  /** `TYPE:ID`. */
  readonly object: string
  readonly relation: string
  /** A name, or `TYPE:ID#RELATION`. */
  readonly subject: string
}

/** What is known of a question without following others. */
export interface RelationLook {
  /** The very tuple is there. */
  readonly isDirect: boolean
  /** Subjects of the same object and relation that are sets, at most as many as were asked for. Empty where `isDirect`. */
  readonly sets: readonly string[]
}

/** Which tuples are listed; what is not said is any. */
export interface RelationFilter {
  readonly tenant?: string
  readonly object?: string
  readonly relation?: string
  readonly subject?: string
  /** Only those that come after it, for the next page. */
  readonly after?: RelationTuple
  readonly limit: number
}

/** What is written at once. */
export interface RelationChange {
  readonly add?: readonly RelationTuple[]
  readonly remove?: readonly RelationTuple[]
}

/** Port: relation tuples. A write that was answered is on disk. Throws `StoreError`. */
export interface RelationRecords {
  /** Removes, then adds, in one transaction. @returns how many were not there before, and how many were. */
  write(change: RelationChange): MaybePromise<{ readonly added: number; readonly removed: number }>
  /** One step of a check for each question; the answers stand in the order of the questions. */
  look(questions: readonly RelationTuple[], maxSets: number): MaybePromise<readonly RelationLook[]>
  /** In the order of tenant, object, relation, subject, by code point. */
  list(filter: RelationFilter): MaybePromise<readonly RelationTuple[]>
  /** As `Records.changeToken`, for tuples. */
  changeToken(): number
}

/** Longest id of an object and longest name of a subject, in characters. */
const MAX_ID_CHARS = 256

const TYPE = '[a-z][a-z0-9_-]{0,63}'
const RELATION_NAME = '[A-Za-z][A-Za-z0-9_-]{0,63}'
// Neither the mark of a set nor what no terminal and no log should show.
const ID = `[^#\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]{1,${MAX_ID_CHARS}}`
const OBJECT = new RegExp(`^${TYPE}:${ID}$`, 'u')
const RELATION = new RegExp(`^${RELATION_NAME}$`)
const SET = new RegExp(`^${TYPE}:${ID}#${RELATION_NAME}$`, 'u')
const NAME = new RegExp(`^${ID}$`, 'u')

/** Whether a text names an object: `order:7`. */
export function isRelationObject(text: string): boolean {
  return OBJECT.test(text)
}

/** Whether a text can be a relation: `viewer`. */
export function isRelationName(text: string): boolean {
  return RELATION.test(text)
}

/** Whether a text names one subject. What looks like a set is none: no caller may be called like one. */
export function isRelationSubject(text: string): boolean {
  return NAME.test(text)
}

/** The object and relation of a set; `undefined` where a subject is none. */
export function setOf(
  subject: string,
): { readonly object: string; readonly relation: string } | undefined {
  if (!SET.test(subject)) return undefined
  const mark = subject.indexOf('#')
  return { object: subject.slice(0, mark), relation: subject.slice(mark + 1) }
}

/** Reads `order:7#viewer@ann`; `undefined` where a text is no tuple. */
export function parseTuple(text: string, tenant: string): RelationTuple | undefined {
  const mark = text.indexOf('#')
  const sign = text.indexOf('@', mark)
  if (mark < 0 || sign < 0) return undefined
  const object = text.slice(0, mark)
  const relation = text.slice(mark + 1, sign)
  const subject = text.slice(sign + 1)
  const isWhole = isRelationObject(object) && isRelationName(relation)
  if (!isWhole || (!isRelationSubject(subject) && setOf(subject) === undefined)) return undefined
  return { tenant, object, relation, subject }
}

/** A tuple as it is written, without its tenant. */
export function tupleText({ object, relation, subject }: RelationTuple): string {
  return `${object}#${relation}@${subject}`
}
