import type { FieldEdge } from '../openapi/fields/graph.ts'
import { compileView, edgesOf, nodesFrom } from '../openapi/fields/view.ts'
import type { Site as SchemaSite } from '../openapi/schema/resources.ts'
import type { FieldAccess, FieldAction } from '../pipeline/field-access.ts'
import { actionFor, OWNER, stricter } from '../pipeline/field-access.ts'
import type { OwnerTest, ShownDecision, ShownView } from './show-field.ts'
import type { FieldMark } from './field-marks.ts'
import { RoleViews } from './role-views.ts'

/** Something that says who is shown what of a field. */
export interface AccessMark {
  readonly access: FieldAccess
  /** Where it was written. */
  readonly at: string
  /** The schemas that have the field, for rules that name their owner. */
  readonly owners: readonly SchemaSite[]
  /** That somebody is shown what others are not is told. */
  readonly isTold: boolean
}

/** The test of a rule that names `owner`. Throws `ConfigError` where nobody says whose the object is. */
export type FindOwner = (mark: Pick<AccessMark, 'owners' | 'at'>) => OwnerTest

/** What the marks of a field say about who is shown what. */
export type ReadAccess = (mark: FieldMark) => AccessMark | undefined

/** What callers see of the values of a place, by their roles; `undefined` where no mark says anything. */
export function shownViews(
  root: FieldEdge<FieldMark>,
  accessOf: ReadAccess,
  findOwner: FindOwner,
): RoleViews<ShownView> | undefined {
  const byMark = accessMarks(root, accessOf)
  if (byMark.size === 0) return undefined
  const all = [...byMark.values()]
  const tests = new Map(
    all.filter(({ access }) => access.roles.has(OWNER)).map((mark) => [mark, findOwner(mark)]),
  )
  const names = new Set(all.flatMap(({ access }) => [...access.roles.keys()]))
  names.delete(OWNER)
  return new RoleViews(names, (roles) =>
    compileView(root, (found) => {
      const marks = found.map((mark) => byMark.get(mark)).filter((mark) => mark !== undefined)
      return decide({ marks, roles, tests })
    }),
  )
}

function accessMarks(
  root: FieldEdge<FieldMark>,
  accessOf: ReadAccess,
): ReadonlyMap<FieldMark, AccessMark> {
  const edges = [root, ...[...nodesFrom(root.node)].flatMap(edgesOf)]
  const found = new Map<FieldMark, AccessMark>()
  for (const mark of new Set(edges.flatMap(({ marks }) => marks))) {
    const access = accessOf(mark)
    if (access !== undefined) found.set(mark, access)
  }
  return found
}

interface Deciding {
  readonly marks: readonly AccessMark[]
  readonly roles: readonly string[]
  readonly tests: ReadonlyMap<AccessMark, OwnerTest>
}

/** All marks must let a caller see: the one that shows least decides. */
function decide({ marks, roles, tests }: Deciding): ShownDecision | undefined {
  if (marks.length === 0) return undefined
  const action = combined(marks.map(({ access }) => actionFor(access, roles)))
  const isTold = marks.some(({ isTold, access }) => isTold && access.others.kind !== 'pass')
  if (action.kind === 'pass') return isTold ? { action, owners: [], isTold } : undefined
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
  const isAll = owners.length === marks.length && owners.length > 1
  return { action, owners: isAll ? together(owners, marks, roles) : owners, isTold: false }
}

/** Where every mark names the owner, whoever owns by all of them gets what all of them give. */
function together(
  owners: ShownDecision['owners'],
  marks: readonly AccessMark[],
  roles: readonly string[],
): ShownDecision['owners'] {
  const test: OwnerTest = (exchange, object) => owners.every((one) => one.test(exchange, object))
  return [{ test, action: combined(marks.map((mark) => ownerAction(mark.access, roles))) }]
}

function ownerAction(access: FieldAccess, roles: readonly string[]): FieldAction {
  return actionFor(access, [OWNER, ...roles])
}

function combined(actions: readonly FieldAction[]): FieldAction {
  return actions.reduce(stricter)
}
