import { schemasOf } from '../../src/controls/responses/declared.ts'
import { classes } from '../../src/controls/classes/control.ts'
import { classAccess } from '../../src/controls/classes/class-access.ts'
import { fieldMarks } from '../../src/controls/field-marks.ts'
import type { FieldMark } from '../../src/controls/field-marks.ts'
import { fields } from '../../src/controls/fields/control.ts'
import type { ApiRuntime, Kit } from '../../src/controls/kit.ts'
import { nodesFrom } from '../../src/openapi/fields/view.ts'
import type { Site as SchemaSite } from '../../src/openapi/schema/resources.ts'
import { modeOf } from '../../src/pipeline/control.ts'
import {
  actionFor,
  fieldActionText,
  OWNER,
  PASS_FIELD,
  stricter,
} from '../../src/pipeline/field-access.ts'
import type { FieldAccess } from '../../src/pipeline/field-access.ts'
import type { Mode, Policy } from '../../src/pipeline/policy.ts'
import type { Site } from '../../src/pipeline/site.ts'

/** What somebody is shown of a field, such as `pass`, `drop` or `last4`, and whether they may set it. */
export interface FieldCell {
  readonly reads: string
  readonly sets: boolean
}

/** Who sees and sets one field. */
export interface FieldRow {
  readonly api: string
  /** `Order.note`; a JSON Pointer of the document for what has no name. */
  readonly field: string
  /** Its classes, such as `personal`. */
  readonly classes: readonly string[]
  readonly mode: Mode
  /** Callers without any of the roles. */
  readonly others: FieldCell
  /** Whoever owns the object; `null` where that makes no difference. */
  readonly owner: FieldCell | null
  readonly roles: Readonly<Record<string, FieldCell>>
  /** Labels of the operations for which this holds. */
  readonly operations: readonly string[]
  /** Where the rules stand: paths of the configuration, and of the document as `FILE#POINTER`. */
  readonly at: readonly string[]
}

/** Callers that are asked about: a name for a column, and the roles that they have. */
export type Callers = ReadonlyMap<string, readonly string[]>

/** The fields about which anything is said, of some operations of a plan. */
export function fieldRows(sites: readonly Site[], kit: Kit, callers: Callers): FieldRow[] {
  const found = new Map<string, FieldRow & { readonly operations: string[] }>()
  for (const site of sites) {
    const api = kit.apis.get(site.operation.api)
    if (api === undefined) continue
    for (const [field, marks] of markedFields(site, api)) {
      const row = rowOf({ field, marks, site, callers })
      const key = JSON.stringify(row)
      const known = found.get(key)
      if (known === undefined) found.set(key, { ...row, operations: [site.label] })
      else known.operations.push(site.label)
    }
  }
  return [...found.values()].toSorted((a, b) => compareText(a.api + a.field, b.api + b.field))
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Fields of what an operation takes and gives, with what is said of each. */
function markedFields(
  { operation, policy }: Site,
  api: ApiRuntime,
): ReadonlyMap<string, ReadonlySet<FieldMark>> {
  const sent = (operation.requestBody?.content ?? []).flatMap(({ schema }) => schema ?? [])
  const answered = [...operation.responses.values()].flatMap(schemasOf)
  const graph = fieldMarks(api, policy)
  const found = new Map<string, Set<FieldMark>>()
  for (const refs of [sent, answered]) {
    for (const node of nodesFrom(graph.place(refs).node)) {
      for (const [name, { marks }] of node.members) {
        const counting = marks.filter(({ kind }) => kind !== 'readOnly')
        if (counting.length === 0) continue
        const field = nameOf(counting, name)
        found.set(field, new Set([...(found.get(field) ?? []), ...counting]))
      }
    }
  }
  return found
}

function nameOf(marks: readonly FieldMark[], member: string): string {
  const owners = marks.flatMap((mark) => ('owners' in mark ? mark.owners : []))
  const named = owners.map(componentOf).find((name) => name !== undefined)
  if (named !== undefined) return `${named}.${member}`
  const written = marks.map((mark) => ('at' in mark ? /\["([^"]+)"\]$/.exec(mark.at)?.[1] : ''))
  return written.find((name) => name !== undefined && name !== '') ?? `*.${member}`
}

function componentOf({ pointer }: SchemaSite): string | undefined {
  const name = /^\/components\/schemas\/([^/]+)$/.exec(pointer)?.[1]
  return name?.replaceAll('~1', '/').replaceAll('~0', '~')
}

interface Judged {
  readonly field: string
  readonly marks: ReadonlySet<FieldMark>
  readonly site: Site
  readonly callers: Callers
}

function rowOf({ field, marks, site, callers }: Judged): Omit<FieldRow, 'operations'> {
  const { policy, operation } = site
  const accesses = readAccesses(marks, policy)
  const writers = [...marks].flatMap((mark) => (mark.kind === 'write' ? [mark.roles] : []))
  const isWriteOff = modeOf(fields, policy) === 'off'
  const cell = (own: readonly string[]): FieldCell => ({
    reads: fieldActionText(
      accesses.map((access) => actionFor(access, own)).reduce(stricter, PASS_FIELD),
    ),
    sets: isWriteOff || writers.every((names) => names.some((name) => own.includes(name))),
  })
  const hasOwner = accesses.some((access) => access.roles.has(OWNER))
  return {
    api: operation.api,
    field,
    classes: [...marks].flatMap((mark) => (mark.kind === 'class' ? mark.name : [])),
    mode: modeOf(fields, policy),
    others: cell([]),
    owner: hasOwner ? cell([OWNER]) : null,
    roles: Object.fromEntries(
      [...callers].map(([name, own]) => [name, cell(withIncluded(own, policy))]),
    ),
    at: [...new Set([...marks].flatMap((mark) => ('at' in mark ? mark.at : [])))],
  }
}

/** What the marks say of reading, by the controls that are on. */
function readAccesses(marks: ReadonlySet<FieldMark>, policy: Policy): readonly FieldAccess[] {
  const shows = modeOf(fields, policy) !== 'off'
  const masks = modeOf(classes, policy) !== 'off'
  const ofClass = classAccess(policy.data.classes)
  return [...marks].flatMap((mark) => {
    if (mark.kind === 'read') return shows ? mark.access : []
    return masks ? (ofClass(mark)?.access ?? []) : []
  })
}

/** Roles with those that they include, whatever these depend on. */
function withIncluded(roles: readonly string[], { authorize }: Policy): readonly string[] {
  const found = new Set(roles)
  // A set that grows while it is walked: each role once, so circles end.
  for (const name of found)
    for (const other of authorize.roleTerms.get(name)?.includes ?? []) found.add(other)
  return [...found]
}
