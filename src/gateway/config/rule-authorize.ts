import { ConfigError } from '../../base/config-error.ts'
import type { ConfigFault } from '../../base/config-error.ts'
import type { AclEntry, Policy } from '../../pipeline/policy.ts'
import { formatPath } from './paths.ts'
import { rulesFor } from './rule-match.ts'
import type { PolicySubject } from './rule-match.ts'
import type { RuleSettings, Settings } from './settings.ts'

/** What stands for one operation: a value, and where it was written. */
interface Written<T> {
  readonly value: T
  readonly rule: number
}

/**
 * Settings in which what rules say about the callers of the operations that they select stands beside `authorize.acl` and
 * `authorize.operations`, so that everything which asks for an operation finds it. The narrowest wins; an entry by
 * operation id is as narrow as a rule that names the operation. Throws `ConfigError` where operations of several APIs have
 * one id and not one rule.
 */
export function withRuledAuthorize(
  settings: Settings,
  subjects: readonly PolicySubject[],
): Settings {
  const { authorize } = settings.blocks
  const isSaid = settings.rules.some(
    ({ authorize: { acl, when } }) => acl !== undefined || when !== undefined,
  )
  if (!isSaid) return settings
  const found = new Entries(settings, subjects)
  const lists = found.of('acl', new Set(authorize.acl?.keys()))
  const conditions = found.of('when', new Set(authorize.operations.keys()))
  if (found.faults.length > 0) throw new ConfigError(found.faults)
  const { acl } = authorize
  return {
    ...settings,
    blocks: {
      ...settings.blocks,
      authorize: {
        ...authorize,
        acl: lists.size === 0 ? acl : new Map([...(acl ?? []), ...valuesOf(lists)]),
        operations: new Map([...authorize.operations, ...valuesOf(conditions)]),
        placed: new Map([
          ...placesOf('acl', lists, 'acl'),
          ...placesOf('operations', conditions, 'when'),
        ]),
      },
    },
  }
}

interface Said {
  readonly acl: AclEntry
  readonly when: string
}

class Entries {
  readonly faults: ConfigFault[] = []
  readonly #settings: Settings
  readonly #subjects: readonly PolicySubject[]

  constructor(settings: Settings, subjects: readonly PolicySubject[]) {
    this.#settings = settings
    this.#subjects = subjects
  }

  of<Key extends keyof Said>(
    key: Key,
    named: ReadonlySet<string>,
  ): Map<string, Written<Said[Key]>> {
    const found = new Map<string, Written<Said[Key]>>()
    const silent = new Set<string>()
    for (const subject of this.#subjects) {
      const { id } = subject
      const rules = rulesFor(this.#settings.rules, subject)
      const rule = rules.findLast((one) => says(one, key) && (isNarrow(one) || !named.has(id)))
      const value = rule?.authorize[key] as Said[Key] | undefined
      const before = found.get(id)
      const isOther = rule === undefined ? before !== undefined : before?.rule !== rule.index
      if ((before !== undefined && isOther) || (rule !== undefined && silent.has(id)))
        this.#refuse(before?.rule ?? rule?.index ?? 0, key, id)
      if (rule === undefined || value === undefined) silent.add(id)
      else found.set(id, { value, rule: rule.index })
    }
    return found
  }

  #refuse(rule: number, key: keyof Said, id: string): void {
    this.faults.push({
      path: formatPath(['rules', rule, 'authorize', key]),
      message: `several APIs have an operation ${id}, and this is said of one of them`,
      cure: 'give the operations different ids in their documents',
    })
  }
}

function says({ authorize }: RuleSettings, key: keyof Said): boolean {
  return authorize[key] !== undefined
}

function isNarrow({ select }: RuleSettings): boolean {
  return select.operations.length > 0
}

function valuesOf<T>(found: ReadonlyMap<string, Written<T>>): readonly (readonly [string, T])[] {
  return [...found].map(([id, { value }]) => [id, value])
}

function placesOf(
  block: string,
  found: ReadonlyMap<string, Written<unknown>>,
  key: keyof Said,
): readonly (readonly [string, string])[] {
  return [...found].map(([id, { rule }]) => [
    formatPath(['authorize', block, id]),
    formatPath(['rules', rule, 'authorize', key]),
  ])
}

const MERGED = new WeakMap<Policy['authorize'], Map<string, Policy['authorize']>>()

/** The block with what rules say of schemas, fields and denials laid over it: the same object for the same rules. */
export function mergedAuthorize(
  block: Policy['authorize'],
  rules: readonly RuleSettings[],
): Policy['authorize'] {
  const saying = rules.filter(
    ({ authorize: { schemas, fields, denied } }) =>
      schemas !== undefined || fields !== undefined || denied !== undefined,
  )
  if (saying.length === 0) return block
  const known = MERGED.get(block) ?? new Map<string, Policy['authorize']>()
  MERGED.set(block, known)
  const key = saying.map(({ index }) => index).join()
  const made = known.get(key) ?? saying.reduce(merge, block)
  known.set(key, made)
  return made
}

function merge(
  block: Policy['authorize'],
  { authorize, index }: RuleSettings,
): Policy['authorize'] {
  const { schemas, fields, denied } = authorize
  const places = [...(schemas?.keys() ?? [])].map((name): [string, string] => [
    formatPath(['authorize', 'schemas', name]),
    formatPath(['rules', index, 'authorize', 'schemas', name]),
  ])
  return {
    ...block,
    schemas: schemas === undefined ? block.schemas : new Map([...block.schemas, ...schemas]),
    ...(places.length > 0 && { placed: new Map([...(block.placed ?? []), ...places]) }),
    denied: denied ?? block.denied,
    fields: fields === undefined ? block.fields : new Map([...block.fields, ...fields]),
  }
}
