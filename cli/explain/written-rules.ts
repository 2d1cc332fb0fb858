import { callerRoles } from '../../src/controls/caller-roles.ts'
import { operationAccess } from '../../src/controls/access/operation-access.ts'
import { hasBit } from '../../src/controls/access/role-table.ts'
import type { Kit } from '../../src/controls/kit.ts'
import type { OwnerPlace } from '../../src/controls/objects/owner-places.ts'
import { siteOwners } from '../../src/controls/objects/site-owners.ts'
import { authorizePath, settingPath } from '../../src/controls/setting-path.ts'
import type { Exchange } from '../../src/pipeline/exchange.ts'
import type { Site } from '../../src/pipeline/site.ts'
import { listedText } from '../access-text.ts'
import { placesOf } from '../document-places.ts'
import type { FilePlace } from '../document-places.ts'
import { fieldRows } from '../matrix/fields.ts'
import type { FieldCell, FieldRow } from '../matrix/fields.ts'
import type { ConfigPlaces } from './config-places.ts'

/** One rule of authorization that an operation meets, as it was written. */
export interface WrittenRule {
  readonly kind: 'role' | 'list' | 'condition' | 'object' | 'field'
  readonly text: string
  /** Path of the configuration, or `FILE#POINTER` of the document. */
  readonly path: string
  /** `null` where the place is not known. */
  readonly place: FilePlace | null
}

/** What a caller is shown of a field, and may set. */
export interface ShownField extends FieldCell {
  readonly field: string
  /** `null` where being the owner makes no difference. */
  readonly asOwner: FieldCell | null
}

/** Where rules are looked for. */
export interface RulesPlace {
  readonly site: Site
  readonly kit: Kit
  readonly places: ConfigPlaces
  /** Absolute paths of root documents. */
  readonly documents: readonly string[]
}

/** Every rule about who may call an operation, whose its objects are, and who sees their fields. */
export function writtenRules({ site, kit, places, documents }: RulesPlace): WrittenRule[] {
  const found = [...callRules(site, kit), ...objectRules(site, kit), ...fieldRules(site, kit)]
  return found.map((rule) => ({ ...rule, place: placeOf(rule.path, { places, documents }) }))
}

type Unplaced = Omit<WrittenRule, 'place'>

function callRules(site: Site, kit: Kit): readonly Unplaced[] {
  const { table, permitted, allowed, denied, condition } = operationAccess(site, kit)
  const { operation, policy } = site
  const roles = table.names.filter(
    (_, number) => hasBit(permitted.always, number) || permitted.sometimes.has(number),
  )
  const path = authorizePath(policy, 'acl', operation.id)
  const lists = [
    ...(allowed === undefined ? [] : [listedText(allowed, table)]),
    ...(denied === undefined ? [] : [`never ${listedText(denied, table)}`]),
  ]
  return [
    ...roles.map((role) => ({
      kind: 'role' as const,
      text: role,
      path: settingPath('authorize.roles', role),
    })),
    ...lists.map((text) => ({ kind: 'list' as const, text, path })),
    ...(condition === undefined
      ? []
      : [{ kind: 'condition' as const, text: condition.text, path: condition.at }]),
  ]
}

function objectRules(site: Site, kit: Kit): readonly Unplaced[] {
  const owners = siteOwners(site, kit)
  if (owners === undefined) return []
  const statuses = [...site.operation.responses.values()].map(({ status }) => Number(status))
  const found = new Map<string, Unplaced>()
  for (const status of [200, ...statuses.filter((one) => one < 300)]) {
    const place = owners.judgeOf(status)?.place
    for (const rule of place === undefined ? [] : rulesBelow(place)) {
      const { text, at } = rule.rule.condition
      if (text === undefined || at === undefined) continue
      found.set(at, { kind: 'object', text: `${rule.rule.name}: ${text}`, path: at })
    }
  }
  return [...found.values()]
}

function rulesBelow(top: OwnerPlace): readonly OwnerPlace['rules'][number][] {
  const seen = new Set([top])
  // A set that grows while it is walked: each place once, so circles end.
  for (const { members, rest, prefix, items } of seen)
    for (const inner of [...members.values(), ...prefix, rest, items])
      if (inner !== undefined) seen.add(inner)
  return [...seen].flatMap(({ rules }) => rules)
}

function fieldRules(site: Site, kit: Kit): readonly Unplaced[] {
  const names = operationAccess(site, kit).table.names
  const own = new Map(names.map((role) => [role, [role]]))
  return fieldRows([site], kit, own).flatMap((row) =>
    row.at.map((path) => ({ kind: 'field' as const, text: fieldText(row), path })),
  )
}

function fieldText({ field, classes, others, owner, roles }: FieldRow): string {
  const named = Object.entries(roles).filter(([, cell]) => !isSame(cell, others))
  const all: (readonly [string, FieldCell])[] = [
    ...named,
    ...(owner === null ? [] : [['owner', owner] as const]),
    ['others', others],
  ]
  const cells = all.map(([who, cell]) => `${who} ${cellText(cell)}`).join(', ')
  return `${field}${classes.length === 0 ? '' : ` (${classes.join(' ')})`}: ${cells}`
}

function isSame(a: FieldCell, b: FieldCell): boolean {
  return a.reads === b.reads && a.sets === b.sets
}

/** What somebody gets of a field, in words. */
export function cellText({ reads, sets }: FieldCell): string {
  return sets ? reads : `${reads}, not set`
}

/** What one caller is shown, by the roles that count for them now. */
export function shownFields(site: Site, kit: Kit, exchange: Exchange): readonly ShownField[] {
  const own = callerRoles(site.policy).of(exchange)
  return fieldRows([site], kit, new Map([['caller', own]])).map(
    ({ field, roles, owner, others }) => ({
      field,
      ...(roles['caller'] ?? others),
      asOwner: owner,
    }),
  )
}

function placeOf(
  path: string,
  { places, documents }: Pick<RulesPlace, 'places' | 'documents'>,
): FilePlace | null {
  const [, file, pointer] = /^([^#]+)#(\/.*)$/.exec(path) ?? []
  if (file === undefined || pointer === undefined) {
    const written = places.written([path])
    if (written === undefined) return null
    const { path: _, ...place } = written
    return place
  }
  return placesOf([{ file, pointer }], documents)[0] ?? null
}
