import type { NamedFields } from '../../pipeline/query-rule.ts'
import type { Hidden } from './hidden-fields.ts'
import { namedInExpression, namedInList } from './named-in-value.ts'
import type { NamedInValue } from './named-in-value.ts'
import type { SiteQueries } from './site-queries.ts'
import { foldWord, isDirection, readName, stepsOf, withoutAffix } from './words.ts'
import type { ReadName } from './words.ts'

/** What is wrong with a parameter. */
export interface QueryFault {
  readonly reason: 'hidden_field' | 'unknown_field'
  /** As the request wrote it, cut. */
  readonly field: string
}

interface Judging {
  readonly queries: SiteQueries
  readonly hidden: Hidden
}

/** What a parameter names that its caller may not use; `undefined`: nothing. Never throws. */
export function judgeParameter(
  name: string,
  value: string,
  judging: Judging,
): QueryFault | undefined {
  const declared = judging.queries.declared.get(name)
  if (declared !== undefined) return judgeDeclared(value, declared, judging)
  const read = readName(name)
  return judgeName(name, read, judging) ?? judgeValue(name, { read, value }, judging)
}

function judgeDeclared(
  value: string,
  declared: NamedFields,
  judging: Judging,
): QueryFault | undefined {
  if (declared === 'public') return undefined
  const fields = declared.kind === 'fields' ? declared.fields : declared.values.get(value)
  if (fields === undefined) return fault('unknown_field', value)
  const isHidden = fields.some((field) => judgeField(stepsOf(field), judging) === 'hidden_field')
  return isHidden ? fault('hidden_field', fields.join(' ')) : undefined
}

/** What the name of the parameter names. */
function judgeName(name: string, read: ReadName, judging: Judging): QueryFault | undefined {
  const { kind, path, isCompared, namesInValue } = read
  if (path.length === 0 || namesInValue) return undefined
  // `fields[orders]` names what kind of thing is meant.
  if (kind === 'select') return undefined
  for (const steps of readings(name, read)) {
    const isBare = steps === path && !isCompared && kind !== 'sort'
    const said = judgeField(steps, judging, isBare)
    if (said === 'unknown') continue
    return said === 'fine' ? undefined : fault(said, name)
  }
  const isNamed = kind === 'sort' || kind === 'filter'
  return isNamed && !judging.queries.fields.isOpen ? fault('unknown_field', name) : undefined
}

/** What a name may mean, the plainest first. */
function readings(name: string, { kind, path }: ReadName): readonly (readonly string[])[] {
  const last = path.at(-1) ?? ''
  const bare = withoutAffix(last)
  const others = bare === '' || bare === last ? [] : [[...path.slice(0, -1), bare]]
  return kind === 'plain' ? [path, [name], ...others] : [path, ...others]
}

function judgeValue(
  name: string,
  { read, value }: { readonly read: ReadName; readonly value: string },
  judging: Judging,
): QueryFault | undefined {
  const { fields, enumerated } = judging.queries
  for (const named of namesIn(read, value)) {
    const said = judgeNamed(named, judging, read.kind === 'select')
    if (said === 'hidden_field') return fault(said, named.name)
    const mustBeKnown =
      read.kind === 'sort' || read.kind === 'filter' || read.kind === 'pick' || read.namesInValue
    if (
      said === 'unknown' &&
      named.isField &&
      mustBeKnown &&
      !fields.isOpen &&
      !enumerated.has(name) &&
      !isOwnWord(name, named.name, judging)
    )
      return fault('unknown_field', named.name)
  }
  return undefined
}

/** Whether a name is a word of the parameter's own language, or a field of the list that the operation is about. */
function isOwnWord(name: string, named: string, { queries }: Judging): boolean {
  const steps = stepsOf(named)
  const words = queries.words.get(name)
  if (words !== undefined && steps.every((step) => words.has(foldWord(step)))) return true
  return queries.listed?.find(steps).isKnown === true
}

const NONE: readonly NamedInValue[] = []

function namesIn(
  { word, kind, path, namesInValue }: ReadName,
  value: string,
): readonly NamedInValue[] {
  if (namesInValue) return namedInList(value)
  switch (kind) {
    case 'sort':
      // `sort[age]=desc`: the name has said it.
      return path.length > 0 || isOtherThing(word, value) ? NONE : namedInList(value)
    case 'select':
    case 'pick':
      return namedInList(value)
    case 'filter':
      // A word alone is the name of a filter that the API has.
      return path.length > 0 || /^[\w-]*$/.test(value) ? NONE : namedInExpression(value)
    case 'search':
      // Words that are looked for are no fields; `age:3` may be one.
      return /[:=<>~{]/.test(value)
        ? namedInExpression(value).map(({ name }) => ({ name, isField: false }))
        : NONE
    default:
      return NONE
  }
}

const NAMES = /^[-+]?[A-Za-z_$][\w$.]*(?:[\s,:]+[-+]?[A-Za-z_$][\w$.]*)*$/

/** `order=7` asks for an order, `order=name` for one. */
function isOtherThing(word: string, value: string): boolean {
  return word === 'order' && !NAMES.test(value)
}

type Said = 'fine' | 'unknown' | QueryFault['reason']

/** A name in a value, with and without what is said of its direction. */
function judgeNamed({ name }: NamedInValue, judging: Judging, isShown: boolean): Said {
  const steps = stepsOf(name)
  const told = steps.filter((step, index) => index === 0 || !isDirection(step))
  const last = told.at(-1) ?? ''
  for (const way of [told, [...told.slice(0, -1), withoutAffix(last)]]) {
    const said = isShown ? judgeChosen(way, judging) : judgeField(way, judging)
    if (said !== 'unknown') return said
  }
  return 'unknown'
}

/** What is only chosen is filtered when it comes; what is left out there is refused here. */
function judgeChosen(steps: readonly string[], { queries, hidden }: Judging): Said {
  const { edges, isKnown } = queries.fields.find(steps)
  if (edges.some((edge) => hidden.itself.has(edge))) return 'hidden_field'
  return isKnown ? 'fine' : 'unknown'
}

/** @param isBare the field is asked for by its value. */
function judgeField(steps: readonly string[], { queries, hidden }: Judging, isBare = false): Said {
  const { edges, isKnown } = queries.fields.find(steps)
  if (edges.some((edge) => hidden.itself.has(edge))) return 'hidden_field'
  const last = edges.at(-1)
  if (last !== undefined && hidden.inside.has(last)) return 'hidden_field'
  const [first] = steps
  if (queries.isMixed && first !== undefined && queries.fields.isOfRow(first)) {
    const isOwner = isBare && queries.owners.has(foldWord(steps.join('.')))
    return isOwner ? 'fine' : 'hidden_field'
  }
  return isKnown ? 'fine' : 'unknown'
}

function fault(reason: QueryFault['reason'], field: string): QueryFault {
  return { reason, field: field.slice(0, 100) }
}
