import { ConfigError } from '../../base/config-error.ts'
import type { SchemaRef } from '../../openapi/model.ts'
import type { Site as SchemaSite } from '../../openapi/schema/resources.ts'
import { compileCondition } from '../../pipeline/conditions/condition.ts'
import type { ConditionFacts } from '../../pipeline/conditions/facts.ts'
import { headScope } from '../../pipeline/conditions/scope.ts'
import type { KnownOfClients } from '../../pipeline/conditions/scope.ts'
import type { ValueType } from '../../pipeline/conditions/value-type.ts'
import { settingPath } from '../setting-path.ts'
import { referenceRule } from './lookups.ts'
import { markIn, OBJECT_MARK, readObjectMark } from './object-mark.ts'
import type { OwnerRule } from './owner-rule.ts'

/** The member of a schema by which a document says whose its objects are: the name of a property, or steps with dots. */
const OWNER_MARK = 'x-sallyport-owner'

/** What says that an object is nobody's, so that everybody may see it. */
export const PUBLIC = 'public'

/** What the rules of the schemas of one API are made with. */
export interface SchemaRulesInput {
  /** `authorize.schemas`; what it says of a schema comes before what the document says. */
  readonly written: ReadonlyMap<string, string>
  readonly tenantClaim: readonly string[]
  /** What the gateway is set up to know of clients. */
  readonly clients: KnownOfClients
  /** Where an entry stands that a rule wrote; absent: all under `authorize.schemas`. */
  readonly placed?: ReadonlyMap<string, string> | undefined
  /** The type of the value that a schema describes. */
  readonly typeOf: (ref: SchemaRef) => ValueType | undefined
  /** Whom conditions ask for relations and look-ups. */
  readonly facts?: ConditionFacts | undefined
  /** Whether objects of a type can be asked for. */
  readonly hasRead?: (type: string) => boolean
}

/** The rules of the schemas of one API, each compiled when it is first met. */
export class SchemaRules {
  readonly #input: SchemaRulesInput
  readonly #known = new Map<unknown, OwnerRule | undefined>()

  constructor(input: SchemaRulesInput) {
    this.#input = input
  }

  /** The rule of a schema; `undefined` where it has none. Throws `ConfigError`. */
  of(site: SchemaSite): OwnerRule | undefined {
    if (this.#known.has(site.schema)) return this.#known.get(site.schema)
    const rule = this.#make(site)
    this.#known.set(site.schema, rule)
    return rule
  }

  /** The same, and for each member that names another object, that this one must be the caller's too. */
  all(site: SchemaSite): readonly OwnerRule[] {
    const rule = this.of(site)
    const name = componentName(site)
    // What is written in the policy says everything.
    if (name !== undefined && this.#input.written.has(name)) return rule === undefined ? [] : [rule]
    const named = referencesOf(site, name ?? site.pointer, this.#input.hasRead)
    return rule === undefined ? named : [rule, ...named]
  }

  #make(site: SchemaSite): OwnerRule | undefined {
    const name = componentName(site)
    const written = name === undefined ? undefined : this.#input.written.get(name)
    if (written === PUBLIC) return undefined
    if (name !== undefined && written !== undefined)
      return this.#compile(site, { name, text: written, at: this.#placeOf(name) })
    const mark = markOf(site)
    if (mark === undefined) return undefined
    const at = `${site.resource.file}#${site.pointer}/${OWNER_MARK}`
    const label = name ?? site.pointer
    return this.#compile(site, { name: label, text: this.#textOf(site, mark, at), at })
  }

  #placeOf(name: string): string {
    const path = settingPath('authorize.schemas', name)
    return this.#input.placed?.get(path) ?? path
  }

  #compile(
    site: SchemaSite,
    { name, text, at }: { readonly name: string; readonly text: string; readonly at: string },
  ): OwnerRule {
    const { facts, tenantClaim, clients } = this.#input
    const scope = { ...headScope(`the schema ${name}`, tenantClaim, clients), facts }
    const response = this.#input.typeOf(refOf(site))
    return { name, condition: compileCondition(text, { ...scope, response }, at) }
  }

  /** The mark as the condition that a policy would hold. */
  #textOf(site: SchemaSite, mark: unknown, at: string): string {
    if (typeof mark !== 'string' || mark === '')
      throw new ConfigError({ path: at, message: 'names no property', cure: 'write ownerId' })
    const steps = mark.split('.')
    let type = this.#input.typeOf(refOf(site))
    for (const step of steps) type = type?.kind === 'object' ? type.fields.get(step) : undefined
    const path = steps.map((step) =>
      /^[A-Za-z_]\w*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`,
    )
    const value = `response${path.join('')}`
    return type?.kind === 'string' ? `${value} == subject.id` : `string(${value}) == subject.id`
  }
}

/** A schema as a reference to where it stands. */
export function refOf({ schema, resource, pointer }: SchemaSite): SchemaRef {
  return { uri: resource.file, pointer, schema }
}

/** The name under `components.schemas`, for a schema that stands there. */
export function componentName({ pointer }: SchemaSite): string | undefined {
  const [, name] = /^\/components\/schemas\/([^/]+)$/.exec(pointer) ?? []
  return name?.replaceAll('~1', '/').replaceAll('~0', '~')
}

function markOf({ schema }: SchemaSite): unknown {
  if (typeof schema !== 'object' || schema === null || !Object.hasOwn(schema, OWNER_MARK))
    return undefined
  return (schema as Readonly<Record<string, unknown>>)[OWNER_MARK]
}

/** The members that name an object of another schema. Throws `ConfigError`. */
function referencesOf(
  { schema, resource, pointer }: SchemaSite,
  name: string,
  hasRead: SchemaRulesInput['hasRead'],
): OwnerRule[] {
  const { properties } = schema as Readonly<Record<string, unknown>>
  if (typeof properties !== 'object' || properties === null) return []
  return Object.entries(properties).flatMap(([member, inner]) => {
    const at = `${resource.file}#${pointer}/properties/${member}/${OBJECT_MARK}`
    const mark = readObjectMark(markIn(inner), at)
    const type = typeof mark === 'object' ? mark.type : undefined
    if (type === undefined) return []
    if (hasRead?.(type) === false) throw unreadable(type, at)
    return [referenceRule(type, member, `${name}.${member}`)]
  })
}

/** Nobody could be asked whose the object is. */
export function unreadable(type: string, at: string): ConfigError {
  return new ConfigError({
    path: at,
    message: `no GET with one id in its path returns a ${type}`,
    cure: 'name a schema that such an operation returns',
  })
}
