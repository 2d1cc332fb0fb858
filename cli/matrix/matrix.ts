import { operationAccess } from '../../src/controls/access/operation-access.ts'
import type { Listed, OperationAccess } from '../../src/controls/access/operation-access.ts'
import { access } from '../../src/controls/access/control.ts'
import { authorizePath } from '../../src/controls/setting-path.ts'
import { fieldRoles } from '../../src/controls/field-roles.ts'
import { isPublic } from '../../src/openapi/is-public.ts'
import { modeOf } from '../../src/pipeline/control.ts'
import type { Mode } from '../../src/pipeline/policy.ts'
import type { Site } from '../../src/pipeline/site.ts'
import { roleAnswer } from '../access-text.ts'
import type { FilePlace } from '../document-places.ts'
import { placesOf } from '../document-places.ts'
import { configPlaces } from '../explain/config-places.ts'
import type { inspectWhole } from '../inspect.ts'
import { fieldRows } from './fields.ts'
import type { FieldRow } from './fields.ts'
import { schemaRows } from './schemas.ts'
import type { SchemaRow } from './schemas.ts'

/** Whether somebody may call an operation: `yes`, `no`, or `if` one of these conditions holds. */
export interface Cell {
  readonly answer: 'yes' | 'no' | 'if'
  readonly conditions: readonly string[]
}

/** Who may call one operation. */
export interface MatrixRow {
  readonly api: string
  readonly operation: string
  /** `GET /v1/orders/{orderId}`. */
  readonly label: string
  readonly mode: Mode
  /** Scopes that the document asks for, alternatives as a list of lists. */
  readonly scopes: readonly (readonly string[])[]
  /** Somebody without any credential, and somebody whose credential has no role. */
  readonly anonymous: Cell
  readonly known: Cell
  readonly roles: Readonly<Record<string, Cell>>
  /** Groups and subjects of the access list. */
  readonly listed: readonly string[]
  readonly keptOut: readonly string[]
  readonly place: FilePlace | null
  /** Where the rules about this operation stand. */
  readonly rules: readonly (FilePlace & { readonly path: string })[]
}

/** Operations, fields and objects by roles, as the compiled plan has them. */
export interface Matrix {
  readonly roles: readonly string[]
  readonly rows: readonly MatrixRow[]
  /** Who sees and sets fields of which anything is said. */
  readonly fields: readonly FieldRow[]
  /** Whose objects are. */
  readonly schemas: readonly SchemaRow[]
}

const YES: Cell = { answer: 'yes', conditions: [] }
const NO: Cell = { answer: 'no', conditions: [] }

/** Computes who may call what. */
export async function matrixOf(
  inspection: Awaited<ReturnType<typeof inspectWhole>>,
): Promise<Matrix> {
  const { built, loaded, documents } = inspection
  const sites = built.plan.sites.map(({ site }) => site)
  const places = await configPlaces(loaded)
  const documentPlaces = placesOf(
    sites.map(({ operation }) => operation.source),
    documents,
  )
  const roles = new Set<string>()
  const rows = sites.map((site, index): MatrixRow => {
    const rules = operationAccess(site, built.kit)
    for (const role of rules.table.names) roles.add(role)
    const { id } = site.operation
    const paths = (['operations', 'acl'] as const).map((block) =>
      authorizePath(site.policy, block, id),
    )
    return {
      ...rowOf(site, rules),
      place: documentPlaces[index] ?? null,
      rules: paths.flatMap((path) => places.written([path]) ?? []),
    }
  })
  for (const site of sites) {
    const api = built.kit.apis.get(site.operation.api)
    for (const role of api === undefined ? [] : fieldRoles(site, api)) roles.add(role)
  }
  const names = [...roles]
  return {
    roles: names,
    rows,
    fields: fieldRows(sites, built.kit, new Map(names.map((name) => [name, [name]]))),
    schemas: schemaRows(sites, built.kit),
  }
}

function rowOf(site: Site, rules: OperationAccess): Omit<MatrixRow, 'place' | 'rules'> {
  const { operation, policy, label } = site
  const mode = modeOf(access, policy)
  const isOff = mode === 'off'
  const cell = (answer: ReturnType<typeof roleAnswer>): Cell =>
    isOff ? YES : cellOf(answer, rules)
  const letsAnonymousIn = rules.kind === 'open' && isOptional(site)
  return {
    api: operation.api,
    operation: operation.id,
    label,
    mode,
    scopes: (operation.security ?? [])
      .map((all) => all.flatMap(({ scopes }) => scopes))
      .filter((scopes) => scopes.length > 0),
    anonymous: letsAnonymousIn ? cell('always') : NO,
    known: cell(rules.kind === 'ruled' ? 'never' : 'always'),
    roles: Object.fromEntries(
      rules.table.names.map((role) => [role, cell(roleAnswer(rules, role))]),
    ),
    listed: rules.allowed === undefined ? [] : namesOf(rules.allowed),
    keptOut: rules.denied === undefined ? [] : [...rolesOf(site), ...namesOf(rules.denied)],
  }
}

/** Whether a request without any credential gets as far as the rules. */
function isOptional({ operation }: Site): boolean {
  return isPublic(operation) || operation.security?.some((all) => all.length === 0) === true
}

/** What every call must meet besides stands in every answer but no. */
function cellOf(answer: ReturnType<typeof roleAnswer>, { condition }: OperationAccess): Cell {
  if (answer === 'never') return NO
  const own = condition === undefined ? [] : [condition.text]
  if (answer === 'always') return own.length === 0 ? YES : { answer: 'if', conditions: own }
  const conditions = answer.map((way) =>
    own.length === 0 ? way : [way, ...own].map(inBrackets).join(' && '),
  )
  return { answer: 'if', conditions }
}

function inBrackets(text: string): string {
  return /\|\||\?/.test(text) ? `(${text})` : text
}

function namesOf({ groups, subjects, when }: Listed): readonly string[] {
  const names = [...groups].map((group) => `group ${group}`)
  for (const subject of subjects) names.push(`subject ${subject}`)
  return when === undefined ? names : names.map((name) => `${name} if ${when.text}`)
}

function rolesOf({ operation, policy }: Site): readonly string[] {
  const deny = policy.authorize.acl?.get(operation.id)?.deny
  return (deny?.roles ?? []).map((role) => `role ${role}`)
}
