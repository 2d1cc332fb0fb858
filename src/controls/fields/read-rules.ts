import type { FieldEdge } from '../../openapi/fields/graph.ts'
import { compileView, edgesOf, nodesFrom } from '../../openapi/fields/view.ts'
import type { ViewEdge } from '../../openapi/fields/view.ts'
import type { FieldAccess, FieldAction } from '../../pipeline/field-access.ts'
import { actionFor, OWNER, stricter } from '../../pipeline/field-access.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { FieldMark } from '../field-marks.ts'
import { RoleViews } from '../role-views.ts'

/** Whether an object belongs to the caller. */
export type OwnerTest = (exchange: Exchange, object: object) => boolean

/** The test of a rule that names `owner`. Throws `ConfigError` where nobody says whose the object is. */
export type FindOwner = (mark: Extract<FieldMark, { kind: 'read' }>) => OwnerTest

/** What becomes of a field, for one set of roles. */
export interface ReadDecision {
  readonly action: FieldAction
  /** What owners get instead, each where its test holds. */
  readonly owners: readonly { readonly test: OwnerTest; readonly action: FieldAction }[]
}

export type ReadView = ViewEdge<ReadDecision> | undefined

/** What callers see of the values of a place, by their roles; `undefined` where no rule stands. */
export function readViews(
  root: FieldEdge<FieldMark>,
  findOwner: FindOwner,
): RoleViews<ReadView> | undefined {
  const marks = readMarks(root)
  if (marks.length === 0) return undefined
  const tests = new Map(
    marks.filter(({ access }) => access.roles.has(OWNER)).map((mark) => [mark, findOwner(mark)]),
  )
  const names = new Set(marks.flatMap(({ access }) => [...access.roles.keys()]))
  names.delete(OWNER)
  return new RoleViews(names, (roles) =>
    compileView(root, (found) => decide(found.filter(isRead), roles, tests)),
  )
}

type ReadMark = Extract<FieldMark, { kind: 'read' }>

function isRead(mark: FieldMark): mark is ReadMark {
  return mark.kind === 'read'
}

/** Every rule of reading that stands at or below a place. */
function readMarks(root: FieldEdge<FieldMark>): readonly ReadMark[] {
  const edges = [root, ...[...nodesFrom(root.node)].flatMap(edgesOf)]
  return [...new Set(edges.flatMap(({ marks }) => marks.filter(isRead)))]
}

/** All rules must let a caller see: the one that shows least decides. */
function decide(
  marks: readonly ReadMark[],
  roles: readonly string[],
  tests: ReadonlyMap<ReadMark, OwnerTest>,
): ReadDecision | undefined {
  if (marks.length === 0) return undefined
  const action = combined(marks.map(({ access }) => actionFor(access, roles)))
  const owning = marks.filter((mark) => tests.has(mark))
  const owners = owning.flatMap((mark) => {
    const test = tests.get(mark)
    const others = marks.filter((one) => one !== mark)
    const given = [
      ownerAction(mark.access, roles),
      ...others.map(({ access }) => actionFor(access, roles)),
    ]
    return test === undefined ? [] : [{ test, action: combined(given) }]
  })
  if (action.kind === 'pass') return undefined
  return {
    action,
    owners: owners.length === marks.length ? together(owners, marks, roles) : owners,
  }
}

/** Where every rule names the owner, whoever owns by all of them gets what all of them give. */
function together(
  owners: ReadDecision['owners'],
  marks: readonly ReadMark[],
  roles: readonly string[],
): ReadDecision['owners'] {
  if (owners.length < 2) return owners
  const test: OwnerTest = (exchange, object) => owners.every((one) => one.test(exchange, object))
  return [{ test, action: combined(marks.map((mark) => ownerAction(mark.access, roles))) }]
}

function ownerAction(access: FieldAccess, roles: readonly string[]): FieldAction {
  return actionFor(access, [OWNER, ...roles])
}

function combined(actions: readonly FieldAction[]): FieldAction {
  return actions.reduce(stricter)
}
