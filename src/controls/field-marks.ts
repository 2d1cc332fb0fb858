import { ConfigError } from '../base/config-error.ts'
import { FieldGraph } from '../openapi/fields/graph.ts'
import type { MarkReader } from '../openapi/fields/graph.ts'
import { componentFields } from '../openapi/fields/named-field.ts'
import type { Site as SchemaSite } from '../openapi/schema/resources.ts'
import type { FieldAccess, FieldRule } from '../pipeline/field-access.ts'
import { parseFieldAccess, parseFieldWriters } from '../pipeline/field-access.ts'
import { parseFieldClass } from '../pipeline/field-class.ts'
import type { FieldClass, TokenRule } from '../pipeline/field-class.ts'
import type { Policy } from '../pipeline/policy.ts'
import type { ApiRuntime } from './kit.ts'
import { settingPath } from './setting-path.ts'

/** Something that document or configuration say of a field. */
export type FieldMark =
  | {
      readonly kind: 'read'
      readonly access: FieldAccess
      /** Where it was written. */
      readonly at: string
      /** The schemas that have the field, for rules that name their owner. */
      readonly owners: readonly SchemaSite[]
    }
  | { readonly kind: 'write'; readonly roles: readonly string[]; readonly at: string }
  | {
      readonly kind: 'class'
      readonly name: FieldClass
      readonly at: string
      readonly owners: readonly SchemaSite[]
    }
  | {
      readonly kind: 'token'
      readonly rule: TokenRule
      readonly at: string
      readonly owners: readonly SchemaSite[]
    }
  | { readonly kind: 'immutable'; readonly at: string; readonly owners: readonly SchemaSite[] }
  | { readonly kind: 'readOnly' }
  | { readonly kind: 'writeOnly' }

/** Everything that is said about fields of one API, by place. */
export type FieldMarks = FieldGraph<FieldMark>

type ByTokens = WeakMap<object, FieldMarks>

const KNOWN = new WeakMap<object, WeakMap<ApiRuntime, ByTokens>>()

/** The marks of an API under a policy; made once for all operations with the same rules of fields and tokens. */
export function fieldMarks(api: ApiRuntime, { authorize, data }: Policy): FieldMarks {
  const { fields } = authorize
  const { tokenize } = data
  const byApi = KNOWN.get(fields) ?? new WeakMap<ApiRuntime, ByTokens>()
  KNOWN.set(fields, byApi)
  const byTokens: ByTokens = byApi.get(api) ?? new WeakMap()
  byApi.set(api, byTokens)
  const known = byTokens.get(tokenize)
  if (known !== undefined) return known
  const marks = new FieldGraph(api.responseSchemas, new Reader(api, fields, tokenize))
  byTokens.set(tokenize, marks)
  return marks
}

/** Reads what stands on schemas, and lays beside it what the configuration says of schemas by name. */
class Reader implements MarkReader<FieldMark> {
  /** Schema -> name of a field -> its rules. */
  readonly #named = new Map<unknown, Map<string, PlacedRule[]>>()
  /** The same for every schema that has a field of the name. */
  readonly #anywhere = new Map<string, PlacedRule[]>()

  constructor(
    api: ApiRuntime,
    rules: ReadonlyMap<string, FieldRule>,
    tokens: ReadonlyMap<string, TokenRule>,
  ) {
    for (const [name, rule] of rules)
      this.#add(api, name, { rule, at: rule.at ?? settingPath('authorize.fields', name) })
    for (const [name, token] of tokens)
      this.#add(api, name, { token, at: token.at ?? settingPath('data.tokenize', name) })
  }

  #add(api: ApiRuntime, name: string, placed: PlacedRule): void {
    if (name.startsWith('*.')) {
      const field = name.slice(2)
      this.#anywhere.set(field, [...(this.#anywhere.get(field) ?? []), placed])
      return
    }
    for (const { owner, field } of componentFields(
      api.model,
      api.responseSchemas.resources,
      name,
    )) {
      const fields = this.#named.get(owner.schema) ?? new Map<string, PlacedRule[]>()
      this.#named.set(owner.schema, fields)
      fields.set(field, [...(fields.get(field) ?? []), placed])
    }
  }

  ofValue(site: SchemaSite, owners: readonly SchemaSite[]): readonly FieldMark[] {
    const { schema } = site
    return typeof schema === 'object' && schema !== null
      ? extensionMarks(site, schema as Readonly<Record<string, unknown>>, owners)
      : NOTHING
  }

  ofMember(owner: SchemaSite, name: string, owners: readonly SchemaSite[]): readonly FieldMark[] {
    const named = this.#named.get(owner.schema)?.get(name) ?? []
    const anywhere = this.#anywhere.get(name)
    if (named.length === 0 && anywhere === undefined) return NOTHING
    const rules = anywhere === undefined ? named : [...named, ...anywhere]
    return rules.flatMap((rule) => ruleMarks(rule, owners))
  }

  namesOf(owner: SchemaSite): Iterable<string> {
    return this.#named.get(owner.schema)?.keys() ?? []
  }
}

const NOTHING: readonly FieldMark[] = []

interface PlacedRule {
  readonly rule?: FieldRule
  readonly token?: TokenRule
  readonly at: string
}

function ruleMarks({ rule, token, at }: PlacedRule, owners: readonly SchemaSite[]): FieldMark[] {
  const marks: FieldMark[] = []
  if (token !== undefined) marks.push({ kind: 'token', rule: token, at, owners })
  if (rule?.read !== undefined) marks.push({ kind: 'read', access: rule.read, at, owners })
  if (rule?.write !== undefined) marks.push({ kind: 'write', roles: rule.write, at })
  return marks
}

/** Raw members, not keywords: OpenAPI 3.0 ignores what stands beside a reference, protection must not. */
function extensionMarks(
  site: SchemaSite,
  said: Readonly<Record<string, unknown>>,
  owners: readonly SchemaSite[],
): readonly FieldMark[] {
  const at = (name: string): string => `${site.resource.file}#${site.pointer}/${name}`
  const marks: FieldMark[] = []
  const read = said['x-sallyport-read']
  if (read !== undefined) {
    const place = at('x-sallyport-read')
    const access = parseFieldAccess(read, place)
    marks.push({ kind: 'read', access, at: place, owners })
  }
  const write = said['x-sallyport-write']
  if (write !== undefined) {
    const place = at('x-sallyport-write')
    marks.push({ kind: 'write', roles: parseFieldWriters(write, place), at: place })
  }
  const name = said['x-sallyport-class']
  if (name !== undefined) {
    const place = at('x-sallyport-class')
    for (const one of parseFieldClass(typeof name === 'string' ? name : '', place))
      marks.push({ kind: 'class', name: one, at: place, owners })
  }
  const immutable = at('x-sallyport-immutable')
  if (isTrue(said['x-sallyport-immutable'], immutable))
    marks.push({ kind: 'immutable', at: immutable, owners })
  if (said['readOnly'] === true) marks.push({ kind: 'readOnly' })
  if (said['writeOnly'] === true) marks.push({ kind: 'writeOnly' })
  return marks
}

function isTrue(value: unknown, path: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true
  throw new ConfigError({ path, message: 'is neither true nor false' })
}
