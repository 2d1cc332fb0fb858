import { compileView, edgesOf, nodesFrom } from '../../openapi/fields/view.ts'
import type { FieldEdge } from '../../openapi/fields/graph.ts'
import type { ViewEdge } from '../../openapi/fields/view.ts'
import type { Operation } from '../../openapi/model.ts'
import type { FieldMark } from '../field-marks.ts'
import { RoleViews } from '../role-views.ts'

/** Why a field may not be set. */
export type WriteDecision = 'role' | 'immutable' | 'readOnly'

export type WriteView = ViewEdge<WriteDecision> | undefined

/** What an operation does to the object it is about. */
export interface WriteKind {
  /** It changes what is there, so that immutable fields stay as they are. */
  readonly isUpdate: boolean
  /** `readOnly` counts here: the body is no value of the schema, so nothing else looks for it. */
  readonly countsReadOnly: boolean
}

/** What callers may not set in the values of a place, by their roles; `undefined` where no rule stands. */
export function writeViews(
  root: FieldEdge<FieldMark>,
  kind: WriteKind,
): RoleViews<WriteView> | undefined {
  const edges = [root, ...[...nodesFrom(root.node)].flatMap(edgesOf)]
  const marks = edges.flatMap((edge) => edge.marks.filter((mark) => counts(mark, kind)))
  if (marks.length === 0) return undefined
  const names = marks.flatMap((mark) => (mark.kind === 'write' ? mark.roles : []))
  return new RoleViews(names, (roles) =>
    compileView(root, (found) => decide(found, roles, kind), { foldsCase: true }),
  )
}

function counts({ kind }: FieldMark, { isUpdate, countsReadOnly }: WriteKind): boolean {
  if (kind === 'write') return true
  return kind === 'immutable' ? isUpdate : kind === 'readOnly' && countsReadOnly
}

function decide(
  marks: readonly FieldMark[],
  roles: readonly string[],
  kind: WriteKind,
): WriteDecision | undefined {
  for (const mark of marks) {
    if (!counts(mark, kind)) continue
    if (mark.kind === 'immutable' || mark.kind === 'readOnly') return mark.kind
    if (mark.kind === 'write' && !mark.roles.some((role) => roles.includes(role))) return 'role'
  }
  return undefined
}

/** Whether an operation changes an object that is there: what is created has no id in the path yet. */
export function isUpdate({ method, template }: Operation): boolean {
  if (method === 'PUT' || method === 'PATCH') return true
  return method === 'POST' && template.endsWith('}')
}
