import { edgesOf, nodesFrom } from '../openapi/fields/view.ts'
import { OWNER } from '../pipeline/field-access.ts'
import type { Site } from '../pipeline/site.ts'
import { schemasOf } from './responses/declared.ts'
import { fieldMarks } from './field-marks.ts'
import type { FieldMark } from './field-marks.ts'
import type { ApiRuntime } from './kit.ts'

/** Roles that rules about the fields of an operation's bodies name, in the document or in the policy. */
export function fieldRoles({ operation, policy }: Site, api: ApiRuntime): ReadonlySet<string> {
  const roles = new Set(
    [...policy.data.classes.values()].flatMap((access) => [...access.roles.keys()]),
  )
  const sent = (operation.requestBody?.content ?? []).flatMap(({ schema }) => schema ?? [])
  const answered = [...operation.responses.values()].flatMap(schemasOf)
  const marks = fieldMarks(api, policy)
  for (const refs of [sent, answered]) {
    const root = marks.place(refs)
    const edges = [root, ...[...nodesFrom(root.node)].flatMap(edgesOf)]
    for (const edge of edges)
      for (const mark of edge.marks) for (const role of rolesOf(mark)) roles.add(role)
  }
  roles.delete(OWNER)
  return roles
}

function rolesOf(mark: FieldMark): readonly string[] {
  if (mark.kind === 'read') return [...mark.access.roles.keys()]
  if (mark.kind === 'write') return mark.roles
  return mark.kind === 'token' ? [...mark.rule.read, ...mark.rule.open] : []
}
