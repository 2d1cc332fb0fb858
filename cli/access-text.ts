import { operationAccess } from '../src/controls/access/operation-access.ts'
import type { Listed, OperationAccess } from '../src/controls/access/operation-access.ts'
import { hasBit } from '../src/controls/access/role-table.ts'
import type { RoleGrant, Together } from '../src/controls/access/role-table.ts'
import type { Kit } from '../src/controls/kit.ts'
import type { Site } from '../src/pipeline/site.ts'

/** Whether a role lets its holders call an operation: always, never, or under one of these conditions. */
export type RoleAnswer = 'always' | 'never' | readonly string[]

/** Who may call an operation, in one line. */
export function accessText(site: Site, kit: Kit): string {
  const rules = operationAccess(site, kit)
  const texts = [whoText(rules)]
  const { denied, condition } = rules
  if (denied !== undefined) texts.push(`never ${listedTexts(denied, rules).join(', ')}`)
  if (condition?.needs === 'head') texts.push(`only where ${condition.text}`)
  return texts.join('; ')
}

function whoText(rules: OperationAccess): string {
  switch (rules.kind) {
    case 'open':
      return 'open to everybody: the operation is public'
    case 'met':
      return 'whoever meets the security may call it'
    case 'condition':
      return 'whoever meets the security and the condition of the operation may call it'
    case 'ruled': {
      const all = [
        ...grantTexts(rules.permitted, rules),
        ...(rules.allowed === undefined ? [] : listedTexts(rules.allowed, rules)),
      ]
      return all.length === 0
        ? 'no rule allows it: 403 for everybody'
        : `${all.join(', ')}; else 403`
    }
  }
}

function grantTexts(
  grant: RoleGrant,
  { table }: Pick<OperationAccess, 'table'>,
): readonly string[] {
  return table.names.flatMap((role, number) => {
    const answer = answerOf(grant, number)
    if (answer === 'never') return []
    return [`role ${role}${answer === 'always' ? '' : ` where ${answer.join(' or ')}`}`]
  })
}

/** Whom an access list names, in one line. */
export function listedText(list: Listed, table: OperationAccess['table']): string {
  return listedTexts(list, { table }).join(', ')
}

function listedTexts(list: Listed, rules: Pick<OperationAccess, 'table'>): readonly string[] {
  const when = list.when === undefined ? '' : ` where ${list.when.text}`
  const names = [
    ...grantTexts(list.roles, rules),
    ...[...list.groups].map((name) => `group ${name}`),
    ...[...list.subjects].map((name) => `subject ${name}`),
  ]
  return names.map((name) => `${name}${when}`)
}

function answerOf({ always, sometimes }: RoleGrant, number: number): RoleAnswer {
  if (hasBit(always, number)) return 'always'
  return sometimes.get(number)?.map(wayText) ?? 'never'
}

function wayText(way: Together): string {
  return way.map(({ text }) => text).join(' && ')
}

/** What the holder of one role, and nothing else, may; the condition of the operation stands beside it. */
export function roleAnswer(rules: OperationAccess, role: string): RoleAnswer {
  const { kind, table, permitted, allowed, denied } = rules
  const number = table.numberOf(role) ?? -1
  const isDenied =
    denied !== undefined &&
    denied.roles.always.length > number >>> 5 &&
    hasBit(denied.roles.always, number)
  if (isDenied && denied.when === undefined) return 'never'
  const unless = isDenied && denied.when !== undefined ? [`!(${denied.when.text})`] : []
  const answer =
    kind === 'ruled' ? union(answerOf(permitted, number), listAnswer(allowed, number)) : 'always'
  if (answer === 'never' || unless.length === 0) return answer
  return answer === 'always' ? unless : answer.map((text) => [text, ...unless].join(' && '))
}

function listAnswer(list: Listed | undefined, number: number): RoleAnswer {
  if (list === undefined) return 'never'
  const answer = answerOf(list.roles, number)
  if (answer === 'never' || list.when === undefined) return answer
  const { text } = list.when
  return answer === 'always' ? [text] : answer.map((way) => `${way} && ${text}`)
}

function union(a: RoleAnswer, b: RoleAnswer): RoleAnswer {
  if (a === 'always' || b === 'always') return 'always'
  if (a === 'never') return b
  return b === 'never' ? a : [...a, ...b]
}

/** Whether no rule lets anybody call an operation. */
export function hasNobody({ kind, permitted, allowed }: OperationAccess): boolean {
  if (kind !== 'ruled' || allowed !== undefined) return false
  return permitted.sometimes.size === 0 && permitted.always.every((bits) => bits === 0)
}
