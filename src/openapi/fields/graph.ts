import { ConfigError } from '../../base/config-error.ts'
import type { SchemaRef } from '../model.ts'
import { isObject } from '../schema/equal.ts'
import type { Applicable } from '../schema/facts.ts'
import { applicable, opensProperties } from '../schema/facts.ts'
import type { Pattern } from '../schema/pattern.ts'
import type { Resources, Site } from '../schema/resources.ts'

/** What a place holds below a name or an index, with everything that is said about it. */
export interface FieldEdge<Mark> {
  readonly marks: readonly Mark[]
  readonly node: FieldNode<Mark>
}

/** A place in a value: what all schemas that may apply there say together, whichever branch a value takes. */
export interface FieldNode<Mark> {
  readonly members: ReadonlyMap<string, FieldEdge<Mark>>
  readonly patterns: readonly (readonly [Pattern, FieldEdge<Mark>])[]
  /** Names that nothing else describes. */
  readonly rest: FieldEdge<Mark> | undefined
  readonly prefix: readonly FieldEdge<Mark>[]
  readonly items: FieldEdge<Mark> | undefined
  /** Whether names that no schema describes may stand here. */
  readonly isOpen: boolean
}

/** What a reader of marks finds: on a schema itself, and on a member that a schema has, by name. */
export interface MarkReader<Mark> {
  /** `owners`: the schemas that have the value as a member; none for items and the top. */
  ofValue(site: Site, owners: readonly Site[]): readonly Mark[]
  ofMember(owner: Site, name: string, owners: readonly Site[]): readonly Mark[]
  /** Names that `ofMember` knows of a schema, whether or not it declares them. */
  namesOf(owner: Site): Iterable<string>
}

/** What the graph takes of a compiler of schemas. */
export interface GraphHost {
  readonly resources: Resources
  pattern(source: string, site: Site): Pattern
}

/** Documents with more places than this, counted by the combinations of schemas that meet, are refused. */
const MAX_NODES = 100_000

type Filling<Mark> = { -readonly [Key in keyof FieldNode<Mark>]: FieldNode<Mark>[Key] }

/** Builds places once for each combination of schemas; circles in the document are circles here. */
export class FieldGraph<Mark> {
  readonly #host: GraphHost
  readonly #reader: MarkReader<Mark>
  readonly #nodes = new Map<string, FieldNode<Mark>>()
  readonly #numbers = new Map<object, number>()
  readonly #pending: (() => void)[] = []

  constructor(host: GraphHost, reader: MarkReader<Mark>) {
    this.#host = host
    this.#reader = reader
  }

  /**
   * The place that some schemas describe together, and with them the items of `lists`. Throws `ConfigError` where the
   * document has too many.
   */
  place(refs: readonly SchemaRef[], lists: readonly SchemaRef[] = []): FieldEdge<Mark> {
    const items = this.#applicable(this.#sites(lists)).flatMap((one) => this.#itemSites(one))
    const edge = this.#edge([...this.#sites(refs), ...items], [])
    for (let fill = this.#pending.pop(); fill !== undefined; fill = this.#pending.pop()) fill()
    return edge
  }

  #sites(refs: readonly SchemaRef[]): readonly Site[] {
    return refs.flatMap((ref) => this.#host.resources.site(ref) ?? [])
  }

  #itemSites({ site, keywords }: Applicable): readonly Site[] {
    const list = keywords['prefixItems']
    const prefix = Array.isArray(list) ? list : []
    return [
      ...prefix.map((_, index) => this.#host.resources.child(site, 'prefixItems', index)),
      ...ITEM_KEYS.filter((key) => isObject(keywords[key])).map((key) =>
        this.#host.resources.child(site, key),
      ),
    ]
  }

  #edge(
    sites: readonly Site[],
    marks: readonly Mark[],
    owners: readonly Site[] = [],
  ): FieldEdge<Mark> {
    const all = this.#applicable(sites)
    const own = all.flatMap(({ site }) => this.#reader.ofValue(site, owners))
    return { marks: [...marks, ...own], node: this.#node(all) }
  }

  #applicable(sites: readonly Site[]): readonly Applicable[] {
    const found = new Map<unknown, Applicable>()
    for (const site of sites)
      for (const one of applicable(this.#host.resources, site)) found.set(one.site.schema, one)
    return [...found.values()]
  }

  #node(all: readonly Applicable[]): FieldNode<Mark> {
    const key = all
      .map(({ site }) => this.#number(site.schema))
      .toSorted((a, b) => a - b)
      .join()
    const known = this.#nodes.get(key)
    if (known !== undefined) return known
    if (this.#nodes.size >= MAX_NODES) {
      throw new ConfigError({
        path: 'authorize.fields',
        message: 'the document has too many places',
      })
    }
    const node: Filling<Mark> = { ...EMPTY }
    this.#nodes.set(key, node)
    if (all.length > 0) this.#pending.push(() => this.#fill(node, all))
    return node
  }

  #number(schema: unknown): number {
    if (!isObject(schema)) return -1
    const number = this.#numbers.get(schema) ?? this.#numbers.size
    this.#numbers.set(schema, number)
    return number
  }

  #fill(node: Filling<Mark>, all: readonly Applicable[]): void {
    const patterns = all.flatMap((one) => this.#patternSites(one))
    const owners = all.map(({ site }) => site)
    node.patterns = patterns.map(([pattern, site]) => [pattern, this.#edge([site], [], owners)])
    const members = new Map<string, FieldEdge<Mark>>()
    for (const name of this.#names(all)) {
      const matching = patterns.filter(([pattern]) => pattern.test(name)).map(([, site]) => site)
      const sites = all.flatMap((one) => this.#children(one, 'properties', name))
      const marks = all.flatMap(({ site }) => this.#reader.ofMember(site, name, owners))
      members.set(name, this.#edge([...sites, ...matching], marks, owners))
    }
    node.members = members
    node.rest = this.#union(all, ['additionalProperties', 'unevaluatedProperties'], owners)
    node.items = this.#union(all, ITEM_KEYS)
    node.prefix = this.#prefix(all)
    node.isOpen =
      all.some(({ keywords }) => opensProperties(keywords)) || members.size + patterns.length === 0
  }

  #names(all: readonly Applicable[]): ReadonlySet<string> {
    return new Set(
      all.flatMap(({ site, keywords }) => [
        ...namesIn(keywords['properties']),
        ...this.#reader.namesOf(site),
      ]),
    )
  }

  #children({ site, keywords }: Applicable, key: string, name: string): readonly Site[] {
    const map = keywords[key]
    const isThere = isObject(map) && Object.hasOwn(map, name)
    return isThere ? [this.#host.resources.child(site, key, name)] : []
  }

  #patternSites({ site, keywords }: Applicable): readonly (readonly [Pattern, Site])[] {
    return namesIn(keywords['patternProperties']).map((source) => {
      const at = this.#host.resources.child(site, 'patternProperties', source)
      return [this.#host.pattern(source, at), at]
    })
  }

  #union(
    all: readonly Applicable[],
    keys: readonly string[],
    owners: readonly Site[] = [],
  ): FieldEdge<Mark> | undefined {
    const sites = all.flatMap(({ site, keywords }) =>
      keys
        .filter((key) => isObject(keywords[key]))
        .map((key) => this.#host.resources.child(site, key)),
    )
    return sites.length === 0 ? undefined : this.#edge(sites, [], owners)
  }

  #prefix(all: readonly Applicable[]): readonly FieldEdge<Mark>[] {
    const lists = all.map(({ site, keywords }) => {
      const list = keywords['prefixItems']
      return Array.isArray(list)
        ? list.map((_, index) => this.#host.resources.child(site, 'prefixItems', index))
        : []
    })
    const length = Math.max(0, ...lists.map((list) => list.length))
    return Array.from({ length }, (_, index) =>
      this.#edge(
        lists.flatMap((list) => list[index] ?? []),
        [],
      ),
    )
  }
}

const ITEM_KEYS = ['items', 'unevaluatedItems', 'contains'] as const

/** A place about which nothing is said. */
export const EMPTY: FieldNode<never> = {
  members: new Map(),
  patterns: [],
  rest: undefined,
  prefix: [],
  items: undefined,
  isOpen: true,
}

function namesIn(map: unknown): readonly string[] {
  return isObject(map) ? Object.keys(map) : []
}
