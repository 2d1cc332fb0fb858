import type { Dialect, SchemaRef, SchemaRegistry } from '../model.ts'
import type { Keywords } from './dialect.ts'
import { readKeywords } from './dialect.ts'
import { isObject } from './equal.ts'
import { escapeToken } from './run.ts'

/** A schema with a base URI of its own: a file, or a part of one that says `$id`. */
export interface Resource {
  /** URI under which the registry knows the file. */
  readonly file: string
  /** URI that references inside resolve against. */
  readonly base: string
  readonly root: unknown
  /** Where the root stands in the file. */
  readonly pointer: string
  readonly dialect: Dialect
  /** False where the meta-schema leaves out the validation vocabulary. */
  readonly asserts: boolean
  readonly anchors: Map<string, Site>
  readonly dynamicAnchors: Map<string, Site>
  /** References already resolved, by their text. */
  readonly resolved: Map<string, Site | undefined>
  readonly keywords: WeakMap<object, Keywords>
}

/** A schema and where it stands. */
export interface Site {
  readonly schema: unknown
  readonly resource: Resource
  /** JSON Pointer inside the file. */
  readonly pointer: string
}

/** Members whose children are named by the author, so that a child called `enum` is a schema. */
const MAPS: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'schemas',
  'responses',
  'content',
  'paths',
])

/** Members that hold values, not schemas: an `$id` in there is only data. */
const DATA: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'example', 'examples'])

const MAX_DEPTH = 512
/** A schema that another applies to the same value. */
export interface Step {
  readonly site: Site
  /** It applies only to some values. */
  readonly isConditional: boolean
}

const NOTHING: Keywords = Object.freeze({})
const VALIDATION_VOCABULARY = 'https://json-schema.org/draft/2020-12/vocab/validation'

/** Finds schemas by reference: files from the registry, `$id`, `$anchor`, `$dynamicAnchor` and JSON Pointers. */
export class Resources {
  readonly #registry: SchemaRegistry
  readonly #byUri = new Map<string, Resource>()
  readonly #byRoot = new Map<object, Resource>()

  /** Kept for `steps` of facts.ts: what each schema applies to the same value, by its keywords. */
  readonly steps: WeakMap<Keywords, readonly Step[]> = new WeakMap()

  constructor(registry: SchemaRegistry) {
    this.#registry = registry
  }

  /** The site of a reference into the document; `undefined` when the registry does not know its file. */
  site(ref: SchemaRef): Site | undefined {
    const resource = this.#load(ref.uri)
    if (resource === undefined) return undefined
    if (resource.dialect === 'openapi-3.0')
      return { schema: ref.schema, resource, pointer: ref.pointer }
    const walked = this.#walk({ schema: resource.root, resource, pointer: '' }, ref.pointer)
    return this.#own(ref.schema, walked?.resource ?? resource, ref.pointer)
  }

  /** Every resource that declares this dynamic anchor, as far as files were read. */
  withDynamicAnchor(name: string): readonly Resource[] {
    const found = new Set<Resource>()
    for (const resource of this.#byUri.values()) {
      if (resource.dynamicAnchors.has(name)) found.add(resource)
    }
    return [...found]
  }

  /** A part of a schema, such as `child(site, 'properties', name)`. */
  child(site: Site, ...tokens: readonly (string | number)[]): Site {
    let value: unknown = site.schema
    let { pointer } = site
    for (const token of tokens) {
      value = member(value, String(token))
      pointer += `/${escapeToken(String(token))}`
    }
    return this.#own(value, site.resource, pointer)
  }

  /** The keywords of a schema as 2020-12 names them; empty for a boolean or malformed schema. */
  keywords(site: Site): Keywords {
    const { schema, resource } = site
    if (!isObject(schema)) return NOTHING
    if (resource.dialect === '2020-12' && resource.asserts) return schema
    let keywords = resource.keywords.get(schema)
    if (keywords === undefined) {
      keywords = readKeywords(schema, resource.dialect, resource.asserts)
      resource.keywords.set(schema, keywords)
    }
    return keywords
  }

  /** Resolves a reference as it stands in a schema of `from`; `undefined` when nothing stands there. */
  resolve(reference: string, from: Resource): Site | undefined {
    if (from.resolved.has(reference)) return from.resolved.get(reference)
    const site = this.#find(reference, from)
    from.resolved.set(reference, site)
    return site
  }

  #find(reference: string, from: Resource): Site | undefined {
    const hash = reference.indexOf('#')
    const path = hash < 0 ? reference : reference.slice(0, hash)
    const resource = path === '' ? from : this.#load(resolveUri(path, from.base))
    if (resource === undefined) return undefined
    const fragment = decode(hash < 0 ? '' : reference.slice(hash + 1))
    if (fragment === undefined) return undefined
    const root: Site = { schema: resource.root, resource, pointer: resource.pointer }
    if (fragment === '') return root
    return fragment.startsWith('/') ? this.#walk(root, fragment) : resource.anchors.get(fragment)
  }

  /** Follows a pointer; `$id` on the way changes the resource. */
  #walk(from: Site, pointer: string): Site | undefined {
    let site = from
    for (const token of pointer.split('/').slice(1)) {
      const value = member(site.schema, token.replaceAll('~1', '/').replaceAll('~0', '~'))
      if (value === undefined) return undefined
      site = this.#own(value, site.resource, `${site.pointer}/${token}`)
    }
    return site
  }

  #own(schema: unknown, parent: Resource, pointer: string): Site {
    if (parent.dialect === '2020-12' && isObject(schema) && typeof schema['$id'] === 'string') {
      return { schema, resource: this.#byRoot.get(schema) ?? parent, pointer }
    }
    return { schema, resource: parent, pointer }
  }

  #load(uri: string): Resource | undefined {
    const known = this.#byUri.get(uri)
    if (known !== undefined) return known
    const entry = this.#registry.resource(uri)
    if (entry === undefined) return undefined
    const { root, dialect } = entry
    const id =
      isObject(root) && dialect === '2020-12' && typeof root['$id'] === 'string' ? root['$id'] : ''
    const base = resolveUri(withoutFragment(id), uri)
    const resource = this.#make({ file: uri, base, root, pointer: '', dialect })
    this.#byUri.set(uri, resource)
    if (dialect === '2020-12') this.#index(root, resource, '', 0)
    return resource
  }

  #make(part: Pick<Resource, 'file' | 'base' | 'root' | 'pointer' | 'dialect'>): Resource {
    const resource: Resource = {
      ...part,
      asserts: this.#asserts(part.root),
      anchors: new Map(),
      dynamicAnchors: new Map(),
      resolved: new Map(),
      keywords: new WeakMap(),
    }
    if (!this.#byUri.has(part.base)) this.#byUri.set(part.base, resource)
    if (isObject(part.root)) this.#byRoot.set(part.root, resource)
    return resource
  }

  /** Whether the meta-schema of a root includes the validation vocabulary (Core section 8.1.2). */
  #asserts(root: unknown): boolean {
    const name = isObject(root) ? root['$schema'] : undefined
    if (typeof name !== 'string') return true
    const meta = this.#registry.resource(withoutFragment(name))?.root
    const vocabulary = isObject(meta) ? meta['$vocabulary'] : undefined
    return !isObject(vocabulary) || Object.hasOwn(vocabulary, VALIDATION_VOCABULARY)
  }

  /** Registers `$id`, `$anchor` and `$dynamicAnchor` of everything below. */
  #index(value: unknown, parent: Resource, pointer: string, depth: number): void {
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return
    const resource = isObject(value) ? this.#identify(value, parent, pointer) : parent
    for (const [key, child] of Object.entries(value)) {
      if (typeof child !== 'object' || child === null || DATA.has(key)) continue
      const place = `${pointer}/${escapeToken(key)}`
      if (!MAPS.has(key) || !isObject(child)) this.#index(child, resource, place, depth + 1)
      else {
        for (const [name, schema] of Object.entries(child)) {
          this.#index(schema, resource, `${place}/${escapeToken(name)}`, depth + 2)
        }
      }
    }
  }

  #identify(schema: Keywords, parent: Resource, pointer: string): Resource {
    const { $id: id, $anchor: anchor, $dynamicAnchor: dynamic } = schema
    let resource = parent
    if (typeof id === 'string' && parent.root !== schema) {
      const base = resolveUri(withoutFragment(id), parent.base)
      resource = this.#make({
        file: parent.file,
        base,
        root: schema,
        pointer,
        dialect: parent.dialect,
      })
    }
    const site: Site = { schema, resource, pointer }
    if (typeof anchor === 'string') resource.anchors.set(anchor, site)
    if (typeof dynamic === 'string') {
      resource.anchors.set(dynamic, site)
      resource.dynamicAnchors.set(dynamic, site)
    }
    return resource
  }
}

function member(value: unknown, token: string): unknown {
  if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(token) ? value[Number(token)] : undefined
  return isObject(value) && Object.hasOwn(value, token) ? value[token] : undefined
}

function resolveUri(reference: string, base: string): string {
  if (reference === '') return base
  const url = URL.parse(reference, base)
  return url === null ? reference : url.href
}

function withoutFragment(uri: string): string {
  const hash = uri.indexOf('#')
  return hash < 0 ? uri : uri.slice(0, hash)
}

function decode(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment)
  } catch {
    // A stray percent sign: no such place.
    return undefined
  }
}
