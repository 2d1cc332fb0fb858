import type { JsonLimits } from '../../http/json-limits.ts'
import type { SchemaRef } from '../model.ts'
import type { Kind } from '../schema/choice.ts'
import type { Keywords } from '../schema/dialect.ts'
import { isObject } from '../schema/equal.ts'
import { strings } from '../schema/facts.ts'
import type { Builder } from '../schema/node.ts'
import type { Site } from '../schema/resources.ts'
import { findMalformed } from '../schema/shapes.ts'
import type { Accepted } from './accept-kernel.ts'
import { AcceptKernel } from './accept-kernel.ts'
import { KIND, MAX_MEMBERS, MEMBER, NODE, PARTS, TEST, UNBOUNDED } from './layout.ts'
import { lengthAndBytes, slotsOf } from './name-slots.ts'
import type { Named } from './name-slots.ts'
import { isPlain } from './plain-text.ts'
import { textTest } from './text-test.ts'
import type { Tagged, Union } from './unions.ts'
import { readUnion } from './unions.ts'

/** Looks at a text; never throws, never says that one does not fit. */
export type Acceptor = (bytes: Uint8Array) => Accepted

/** Digits, sign and point of the longest number that is looked at. */
const MAX_NUMBER_CHARS = 17
/** References that lead to nothing but references. */
const MAX_HOPS = 16
const MAX_NESTING = 100

/** Keywords that decide nothing about a value. `readOnly` does: see `#memberNode`. */
const SILENT: ReadonlySet<string> = new Set([
  '$comment',
  'title',
  'description',
  'deprecated',
  'default',
  'example',
  'examples',
  'externalDocs',
  'xml',
  'readOnly',
  'writeOnly',
])

/** Keywords that are read here; where any other stands, the schema's values are left to the twin. */
const READ: ReadonlySet<string> = new Set([
  'type',
  'enum',
  'const',
  'format',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'minItems',
  'maxItems',
])

const ANY_KIND = KIND.object | KIND.array | KIND.string | KIND.number | KIND.boolean | KIND.null

const KINDS: ReadonlyMap<unknown, number> = new Map([
  ['object', KIND.object],
  ['array', KIND.array],
  ['string', KIND.string],
  ['number', KIND.number],
  ['integer', KIND.number | KIND.integer],
  ['boolean', KIND.boolean],
  ['null', KIND.null],
])

/** Names that the scan of JSON refuses. */
const DANGEROUS: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor'])

/**
 * Writes schemas as tables of a kernel which says of texts that they surely fit. What a schema asks for and no table
 * can say makes the kernel doubt each text that comes by there: the checks of `openapi/schema` decide, always.
 */
export class AcceptorCompiler {
  readonly #builder: Builder
  readonly #limits: JsonLimits
  readonly #kernel: AcceptKernel
  readonly #nodes = new Map<object, number>()
  /** Parts of nodes that are copied once all nodes are written: schemas may be their own branches. */
  readonly #copies: Copy[] = []
  /** A node that no value fits. */
  readonly #doubt: number
  /** A node about which the document says nothing: any value fits, within the caps. */
  readonly #free: number

  private constructor(builder: Builder, limits: JsonLimits, kernel: AcceptKernel) {
    this.#builder = builder
    this.#limits = limits
    this.#kernel = kernel
    this.#doubt = kernel.reserve(NODE.bytes)
    this.#free = kernel.reserve(NODE.bytes)
    this.#writeFree(this.#free)
  }

  /**
   * Of requests whose texts have names, strings and numbers within `limits`; `undefined` where there is no WebAssembly,
   * or limits are too narrow to be kept.
   */
  static make(builder: Builder, limits: JsonLimits): AcceptorCompiler | undefined {
    if (limits.maxNumberChars < MAX_NUMBER_CHARS || builder.options.direction !== 'request')
      return undefined
    const kernel = AcceptKernel.make()
    return kernel === undefined ? undefined : new AcceptorCompiler(builder, limits, kernel)
  }

  /** Whether it was made for the same bounds of names, strings and numbers. */
  holds({ maxKeyChars, maxStringChars, maxNumberChars }: JsonLimits): boolean {
    const own = this.#limits
    return (
      maxKeyChars === own.maxKeyChars &&
      maxStringChars === own.maxStringChars &&
      maxNumberChars === own.maxNumberChars
    )
  }

  /** For texts of one schema; `undefined` where no text would be accepted. `limits`: see `holds`. */
  acceptor(ref: SchemaRef, limits: JsonLimits): Acceptor | undefined {
    const site = this.#builder.resources.site(ref)
    const root = site === undefined ? this.#doubt : this.#node(site, 0)
    for (const copy of this.#copies.splice(0)) this.#copy(copy)
    if (this.#kernel.view.getUint32(root + NODE.kinds, true) === 0) return undefined
    const kernel = this.#kernel
    return (bytes) => kernel.accept(bytes, root, limits)
  }

  /** The address of the node of a schema. */
  #node(from: Site, depth: number): number {
    const site = this.#target(from)
    if (site === undefined || depth > MAX_NESTING) return this.#doubt
    if (site.schema === true) return this.#free
    if (!isObject(site.schema)) return this.#doubt
    const known = this.#nodes.get(site.schema)
    if (known !== undefined) return known
    const at = this.#kernel.reserve(NODE.bytes)
    this.#nodes.set(site.schema, at)
    this.#write(at, site, depth)
    return at
  }

  /** What a schema that says nothing but `$ref`, or `allOf` of one, leads to. */
  #target(from: Site): Site | undefined {
    let site: Site | undefined = from
    for (let hops = 0; site !== undefined && hops < MAX_HOPS; hops++) {
      const { resources } = this.#builder
      const keywords: Keywords = resources.keywords(site)
      const { $ref: reference, allOf: all } = keywords
      const telling = Object.keys(keywords).filter((key) => !isSilent(key))
      if (typeof reference === 'string')
        site = telling.length === 1 ? resources.resolve(reference, site.resource) : undefined
      else if (telling.length === 1 && Array.isArray(all) && all.length === 1)
        site = resources.child(site, 'allOf', 0)
      else return site
    }
    return undefined
  }

  #write(at: number, site: Site, depth: number): void {
    const { resources } = this.#builder
    const keywords = resources.keywords(site)
    if (site.resource.dynamicAnchors.size > 0 || findMalformed(keywords).length > 0) return
    const union = readUnion(site, this.#builder, isSilent)
    if (union !== undefined) {
      this.#writeUnion(at, union, depth)
      return
    }
    if (!Object.keys(keywords).every((key) => READ.has(key) || isSilent(key))) return
    let kinds = kindsOf(keywords)
    if ((kinds & KIND.string) !== 0 && !this.#writeText(at, site, keywords)) kinds &= ~KIND.string
    if ((kinds & KIND.number) !== 0) kinds = this.#writeNumber(at, keywords, kinds)
    if ((kinds & KIND.array) !== 0 && !this.#writeItems(at, { site, keywords, depth }))
      kinds &= ~KIND.array
    if ((kinds & KIND.object) !== 0 && !this.#writeMembers(at, { site, keywords, depth }))
      kinds &= ~KIND.object
    this.#put(at + NODE.kinds, kinds)
  }

  /** Values of each kind are judged as by the node of the branch that takes them. */
  #writeUnion(at: number, { byKind, tagged }: Union, depth: number): void {
    for (const [kind, branch] of byKind) {
      const from = this.#node(branch, depth + 1)
      this.#copies.push({ from, to: at, kind })
    }
    if (tagged !== undefined) this.#writeChoice(at, tagged, depth)
  }

  #writeChoice(at: number, { property, branches }: Tagged, depth: number): void {
    const members = [...branches].map(([tag, branch]) => {
      const address = this.#entry(tag, { node: this.#node(branch, depth + 1), index: 0 })
      return { bytes: Buffer.from(tag), address }
    })
    this.#putSlots(at, members)
    this.#put(at + NODE.tag, this.#kernel.keep(lengthAndBytes(property)))
    this.#put(at + NODE.kinds, KIND.object | KIND.choice)
  }

  #copy({ from, to, kind }: Copy): void {
    const { view } = this.#kernel
    const { bits, fields } = PARTS[kind]
    for (const [field, bytes] of fields)
      for (let at = field; at < field + bytes; at += 4)
        view.setUint32(to + at, view.getUint32(from + at, true), true)
    const kinds = view.getUint32(from + NODE.kinds, true) & bits
    this.#put(to + NODE.kinds, view.getUint32(to + NODE.kinds, true) | kinds)
  }

  #writeFree(at: number): void {
    const { caps } = this.#builder.options
    this.#put(at + NODE.kinds, ANY_KIND)
    this.#put(at + NODE.maxLength, this.#maxLength(bound(caps?.maxLength)))
    this.#put(at + NODE.item, at)
    this.#put(at + NODE.maxItems, Math.min(bound(caps?.maxItems), UNBOUNDED))
    this.#put(at + NODE.others, at)
    this.#writeNumber(at, {}, ANY_KIND)
  }

  #maxLength(...bounds: readonly number[]): number {
    return Math.min(...bounds, this.#limits.maxStringChars, UNBOUNDED)
  }

  #put(at: number, value: number): void {
    this.#kernel.view.setUint32(at, value, true)
  }

  /** @returns whether texts can be judged. */
  #writeText(at: number, site: Site, keywords: Keywords): boolean {
    const test = textTest(keywords, {
      asserts: this.#builder.options.formats,
      isNative: (source) => this.#builder.pattern(source, site).engine === 'native',
    })
    if (test === undefined) return false
    const { caps } = this.#builder.options
    const most = [bound(keywords['maxLength'], caps?.maxLength), test.maxBytes]
    this.#put(at + NODE.minLength, Math.min(bound(keywords['minLength'], 0), UNBOUNDED))
    this.#put(at + NODE.maxLength, this.#maxLength(...most))
    this.#put(at + NODE.test, TEST[test.kind])
    if (test.data !== undefined) this.#put(at + NODE.data, this.#kernel.keep(test.data))
    return true
  }

  /** @returns the kinds, without numbers where those cannot be judged. */
  #writeNumber(at: number, keywords: Keywords, kinds: number): number {
    const format = this.#builder.options.formats ? keywords['format'] : undefined
    const isInt32 = format === 'int32'
    const limit = (key: string, otherwise: number): number => {
      const value = keywords[key]
      return typeof value === 'number' ? value : otherwise
    }
    const low = isInt32 ? -(2 ** 31) : -Infinity
    const high = isInt32 ? 2 ** 31 - 1 : Infinity
    const { view } = this.#kernel
    view.setFloat64(at + NODE.minimum, Math.max(limit('minimum', low), low), true)
    view.setFloat64(at + NODE.maximum, Math.min(limit('maximum', high), high), true)
    view.setFloat64(at + NODE.above, limit('exclusiveMinimum', -Infinity), true)
    view.setFloat64(at + NODE.below, limit('exclusiveMaximum', Infinity), true)
    return isInt32 || format === 'int64' ? kinds | KIND.integer : kinds
  }

  #writeItems(at: number, { site, keywords, depth }: Place): boolean {
    const { items } = keywords
    if (items !== undefined && items !== true && !isObject(items)) return false
    const item =
      items === undefined
        ? this.#free
        : this.#node(this.#builder.resources.child(site, 'items'), depth + 1)
    const { caps } = this.#builder.options
    this.#put(at + NODE.item, item)
    this.#put(at + NODE.minItems, Math.min(bound(keywords['minItems'], 0), UNBOUNDED))
    this.#put(at + NODE.maxItems, Math.min(bound(keywords['maxItems'], caps?.maxItems), UNBOUNDED))
    return true
  }

  #writeMembers(at: number, { site, keywords, depth }: Place): boolean {
    const { properties = NO_MEMBERS } = keywords
    if (!isObject(properties)) return false
    const names = Object.keys(properties)
    const readOnly = this.#builder.facts.of(site).readOnlyNames
    const required = new Set(strings(keywords['required']).filter((name) => !readOnly.has(name)))
    const others = this.#others({ site, keywords, depth })
    if (names.length > MAX_MEMBERS || (names.length === 0 && others === 0)) return false
    if ([...required].some((name) => !names.includes(name))) return false
    let mask = 0n
    const members = names.map((name, index) => {
      if (required.has(name)) mask |= 1n << BigInt(index)
      return { bytes: Buffer.from(name), address: this.#member(name, { index, site, depth }) }
    })
    this.#put(at + NODE.others, others)
    if (members.length === 0) return true
    this.#putSlots(at, members)
    this.#kernel.view.setBigUint64(at + NODE.required, mask, true)
    return true
  }

  #putSlots(at: number, named: readonly Named[]): void {
    const slots = slotsOf(named)
    this.#put(at + NODE.slotMask, slots.length - 1)
    this.#put(at + NODE.slots, this.#kernel.keep(Buffer.from(Uint32Array.from(slots).buffer)))
  }

  /** The node of members whose names the schema does not list; 0 where none may stand, or the twin has to look. */
  #others({ site, keywords, depth }: Place): number {
    const { additionalProperties: others, properties } = keywords
    // A schema that names no members is open; one that names none of its `properties` is left to the twin.
    if (others === undefined) return properties === undefined ? this.#free : 0
    const child = this.#builder.resources.child(site, 'additionalProperties')
    const isHidden = isObject(others) && this.#builder.facts.access(child) === 'readOnly'
    return others === false || isHidden ? 0 : this.#node(child, depth + 1)
  }

  /** The address of the entry of a name, of a node of doubt where the twin has to look. */
  #member(
    name: string,
    { index, site, depth }: { readonly index: number; readonly site: Site; readonly depth: number },
  ): number {
    return this.#entry(name, { node: this.#memberNode(name, site, depth), index })
  }

  #entry(name: string, { node, index }: { readonly node: number; readonly index: number }): number {
    const bytes = Buffer.from(name)
    const nameAt = this.#kernel.keep(bytes)
    const at = this.#kernel.reserve(MEMBER.bytes)
    this.#put(at + MEMBER.name, nameAt)
    this.#put(at + MEMBER.length, bytes.length)
    this.#put(at + MEMBER.node, node)
    this.#put(at + MEMBER.index, index)
    return at
  }

  #memberNode(name: string, site: Site, depth: number): number {
    const { resources, facts } = this.#builder
    if (!isPlain(name) || DANGEROUS.has(name) || name.length > this.#limits.maxKeyChars)
      return this.#doubt
    const child = resources.child(site, 'properties', name)
    // What travels only the other way is refused where it appears.
    return facts.access(child) === 'readOnly' ? this.#doubt : this.#node(child, depth + 1)
  }
}

/** Of a branch of a union, what says of one kind of value whether it fits. */
interface Copy {
  readonly from: number
  readonly to: number
  readonly kind: Kind
}

const NO_MEMBERS: object = Object.freeze({})

interface Place {
  readonly site: Site
  readonly keywords: Keywords
  readonly depth: number
}

function isSilent(key: string): boolean {
  return SILENT.has(key) || key.startsWith('x-')
}

function bound(value: unknown, otherwise = Infinity): number {
  return typeof value === 'number' ? value : otherwise
}

/** The kinds of values that `type`, `const` and `enum` let stand, of those that can be judged here. */
function kindsOf(keywords: Keywords): number {
  const types: readonly unknown[] = [keywords['type']].flat()
  const isListed = keywords['enum'] !== undefined || Object.hasOwn(keywords, 'const')
  if (keywords['type'] === undefined) {
    if (isListed) return KIND.string
    return keywords['properties'] === undefined ? ANY_KIND : KIND.object
  }
  const all = types.reduce((kinds: number, type) => kinds | (KINDS.get(type) ?? 0), 0)
  // Beside `number`, `integer` asks nothing.
  const kinds = types.includes('number') ? all & ~KIND.integer : all
  return isListed ? kinds & KIND.string : kinds
}
