import type { FieldEdge } from '../../openapi/fields/graph.ts'
import { compileView, edgesOf, nodesFrom } from '../../openapi/fields/view.ts'
import type { ViewEdge } from '../../openapi/fields/view.ts'
import type { FieldMark } from '../field-marks.ts'
import { RoleViews } from '../role-views.ts'

/** What is done with what stands in a field that has tokens. */
export type TokenDecision = 'open' | 'open-form' | 'refuse'

export type TokenView = ViewEdge<TokenDecision> | undefined

type TokenMark = Extract<FieldMark, { kind: 'token' }>

/** Which fields of a body have tokens, by the roles that may have them opened; `undefined` where none has. */
export function tokenViews(root: FieldEdge<FieldMark>): RoleViews<TokenView> | undefined {
  const edges = [root, ...[...nodesFrom(root.node)].flatMap(edgesOf)]
  const marks = edges.flatMap((edge) => edge.marks.filter(isToken))
  if (marks.length === 0) return undefined
  return new RoleViews(
    marks.flatMap(({ rule }) => rule.open),
    (roles) => compileView(root, (found) => decide(found.filter(isToken), roles)),
  )
}

function isToken(mark: FieldMark): mark is TokenMark {
  return mark.kind === 'token'
}

function decide(marks: readonly TokenMark[], roles: readonly string[]): TokenDecision | undefined {
  const [mark] = marks
  if (mark === undefined) return undefined
  const mayOpen = marks.every(({ rule }) => rule.open.some((role) => roles.includes(role)))
  if (mark.rule.form === 'siv') return mayOpen ? 'open' : 'refuse'
  return mayOpen ? 'open-form' : undefined
}
