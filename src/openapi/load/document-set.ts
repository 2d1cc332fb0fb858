import { dirname, join, relative } from 'node:path'
import type { Dialect, SchemaRegistry, SourceRef } from '../model.ts'
import { JailError } from '../jailed-read.ts'
import type { JailedRead } from '../jailed-read.ts'
import type { Findings } from './findings.ts'
import { ownString } from './json-value.ts'
import { locateAll } from './locate.ts'
import type { TextPlace } from './locate.ts'
import { parseText } from './parse-text.ts'
import type { Parsed } from './parse-text.ts'
import { childPointer, readPointer, step } from './pointer.ts'
import { fileOfUri, resolveReference, uriOfFile } from './references.ts'
import { scan } from './scan.ts'
import type { ExternalRef, Scan } from './scan.ts'

/** A value of the document with its place: where a relative reference inside it starts from. */
export interface Place {
  readonly uri: string
  readonly pointer: string
  readonly value: unknown
}

/** Most files of one document. */
const MAX_FILES = 2_000
/** Longest chain of references. */
const MAX_HOPS = 64

interface Resource {
  readonly path: string
  readonly root: unknown
  readonly scan: Scan
}

/** The member `key` of a place. */
export function childPlace(place: Place, key: string | number): Place {
  const value = step(place.value, String(key))
  return { uri: place.uri, pointer: childPointer(place.pointer, key), value }
}

/** All files of one document: reads them through the jail, follows references between them. */
export class DocumentSet {
  readonly rootUri: string
  readonly #folder: string
  readonly #read: JailedRead
  readonly #findings: Findings
  readonly #resources = new Map<string, Resource>()
  readonly #failed = new Set<string>()
  readonly #texts = new Map<string, string>()
  readonly #broken = new Map<string, TextPlace>()
  readonly #ids = new Set<string>()
  #self: string | undefined

  constructor(input: { rootFile: string; read: JailedRead; findings: Findings }) {
    this.#folder = dirname(input.rootFile)
    this.#read = input.read
    this.#findings = input.findings
    this.rootUri = uriOfFile(relative(this.#folder, input.rootFile))
  }

  /** Reads and parses a file of the machine; reports and returns `undefined` when that fails. */
  parseFile(
    absolutePath: string,
    blame: SourceRef,
    isOptional = false,
  ): (Parsed & { ok: true }) | undefined {
    let text: string
    try {
      text = this.#read(absolutePath)
    } catch (error) {
      if (!(error instanceof JailError)) throw error
      const message = `cannot read ${JSON.stringify(this.nameOfPath(absolutePath))}: ${error.message}`
      const severity = isOptional && error.reason === 'not-found' ? 'warning' : 'error'
      this.#findings.add({ severity, code: error.reason, message, source: blame })
      return undefined
    }
    const name = this.nameOfPath(absolutePath)
    this.#texts.set(name, text)
    const parsed = parseText(text)
    if (parsed.ok) return parsed
    this.#broken.set(name, parsed)
    const message = `the file is neither JSON nor YAML: ${parsed.message}`
    this.#findings.error('not-parsable', message, { file: name, pointer: '' })
    return undefined
  }

  /** Takes the root document, already parsed and overlaid. @returns `false` when its shape is refused. */
  setRoot(root: unknown): boolean {
    this.#self = ownString(root, '$self')
    return this.#add(this.rootUri, root)
  }

  /** Reads every file that is referred to, and those they refer to. Findings tell what could not be read. */
  readReferred(): void {
    const seen = new Set<string>()
    const pending: { uri: string; refs: readonly ExternalRef[] }[] = []
    const enqueue = (uri: string): void => {
      const resource = this.#resources.get(fileOfUri(uri) ?? '')
      if (seen.has(uri) || resource === undefined) return
      seen.add(uri)
      for (const id of resource.scan.ids) this.#ids.add(stripFragment(id))
      pending.push({ uri, refs: resource.scan.externalRefs })
    }
    enqueue(this.rootUri)
    const remote: { ref: ExternalRef; source: SourceRef }[] = []
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      for (const ref of next.refs) {
        const source = this.sourceAt(next.uri, ref.pointer)
        const uri = this.#readReference(next.uri, ref, source)
        if (uri === 'remote') remote.push({ ref, source })
        else if (uri !== undefined) enqueue(uri)
      }
    }
    // Names given by `$id` may stand in any file, so this waits until all are read.
    for (const { ref, source } of remote) this.#refuseRemote(ref, source)
  }

  #readReference(base: string, ref: ExternalRef, source: SourceRef): string | undefined {
    if (this.#ids.has(stripFragment(ref.ref))) return undefined
    if (this.#self !== undefined && stripFragment(ref.ref) === this.#self) return undefined
    // Relative to an absolute `$id` the reference names a schema, not a file.
    if (ref.id !== undefined && URL.canParse(ref.id)) return 'remote'
    const target = resolveReference(base, ref.ref)
    if (target.kind === 'remote') return 'remote'
    if (target.kind !== 'file') {
      this.#refuse(target.kind, ref.ref, source)
      return undefined
    }
    return this.#load(target.uri, source, ref.isMapping) ? target.uri : undefined
  }

  #refuseRemote(ref: ExternalRef, source: SourceRef): void {
    const absolute = URL.parse(ref.ref, ref.id)?.href ?? ref.ref
    if (this.#ids.has(stripFragment(absolute)) || this.#ids.has(stripFragment(ref.ref))) return
    // The meta-schema of JSON Schema itself: the schema engine knows it.
    if (stripFragment(absolute) === 'https://json-schema.org/draft/2020-12/schema') return
    this.#refuse('remote', ref.ref, source)
  }

  #refuse(kind: 'remote' | 'outside' | 'malformed', ref: string, source: SourceRef): void {
    const text = JSON.stringify(ref.slice(0, 200))
    const messages = {
      remote: `the reference ${text} is remote and is not fetched; copy the file beside the document`,
      outside: `the reference ${text} leads outside the folder of the document; copy the file beside the document`,
      malformed: `the reference ${text} is malformed; write a relative path, then # and a JSON Pointer`,
    }
    this.#findings.error(`${kind}-reference`, messages[kind], source)
  }

  #load(uri: string, source: SourceRef, isOptional: boolean): boolean {
    const path = fileOfUri(uri)
    if (path === undefined || this.#failed.has(path)) return false
    if (this.#resources.has(path)) return true
    if (this.#resources.size >= MAX_FILES) {
      this.#findings.error(
        'too-many-files',
        `the document has more than ${MAX_FILES} files`,
        source,
      )
      return false
    }
    const parsed = this.parseFile(join(this.#folder, path), source, isOptional)
    if (parsed !== undefined && this.#add(uri, parsed.value)) return true
    this.#failed.add(path)
    return false
  }

  #add(uri: string, root: unknown): boolean {
    const path = fileOfUri(uri) ?? ''
    const result = scan(root)
    if (result.refusal !== undefined) {
      const { code, message, pointer } = result.refusal
      this.#findings.error(code, message, { file: path, pointer })
      return false
    }
    this.#resources.set(path, { path, root, scan: result })
    return true
  }

  /** Follows `$ref` until something else stands there; reports and returns `undefined` where it leads nowhere. */
  follow(place: Place): Place | undefined {
    let at = place
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      const ref = ownString(at.value, '$ref')
      if (ref === undefined) return at
      const next = this.#target(at, ref)
      if (next === undefined) return undefined
      at = next
    }
    this.#findings.error(
      'circular-reference',
      'the reference leads back to itself',
      this.source(place),
    )
    return undefined
  }

  #target(at: Place, ref: string): Place | undefined {
    const isSelf = this.#self !== undefined && ref.startsWith(`${this.#self}#`)
    const target = isSelf
      ? resolveReference(this.rootUri, ref.slice(ref.indexOf('#')))
      : resolveReference(at.uri, ref)
    if (target.kind !== 'file') {
      this.#refuse(target.kind, ref, this.source(at))
      return undefined
    }
    const path = fileOfUri(target.uri) ?? ''
    const value = readPointer(this.#resources.get(path)?.root, target.fragment)
    if (value !== undefined) return { uri: target.uri, pointer: target.fragment, value }
    // A file that could not be read has its own finding.
    if (!this.#failed.has(path)) {
      const message = `the reference ${JSON.stringify(ref.slice(0, 200))} leads nowhere`
      this.#findings.error('unresolved-reference', message, this.source(at))
    }
    return undefined
  }

  /** The root document as a place. */
  rootPlace(): Place {
    const root = this.#resources.get(fileOfUri(this.rootUri) ?? '')?.root
    return { uri: this.rootUri, pointer: '', value: root }
  }

  source(place: Place): SourceRef {
    return this.sourceAt(place.uri, place.pointer)
  }

  sourceAt(uri: string, pointer: string): SourceRef {
    return { file: fileOfUri(uri) ?? uri, pointer }
  }

  /** A file as findings name it: relative to the folder of the root document. */
  nameOfPath(absolutePath: string): string {
    return relative(this.#folder, absolutePath)
  }

  /** Lines and columns of pointers in a file, by the name that findings use. */
  placesIn(file: string, pointers: readonly string[]): readonly (TextPlace | undefined)[] {
    const broken = this.#broken.get(file)
    if (broken !== undefined)
      return pointers.map(() => ({ line: broken.line, column: broken.column }))
    return locateAll(this.#texts.get(file) ?? '', pointers)
  }

  /** What the walks through all files found. */
  scans(): readonly { readonly file: string; readonly scan: Scan }[] {
    return [...this.#resources.values()].map(({ path, scan }) => ({ file: path, scan }))
  }

  /** Every file that was read, as absolute paths. */
  files(): readonly string[] {
    return [...this.#texts.keys()].map((name) => join(this.#folder, name))
  }

  registry(dialect: Dialect): SchemaRegistry {
    const resources = new Map(
      [...this.#resources].map(([path, { root }]) => [path, { root, dialect }] as const),
    )
    const self = this.#self
    const rootPath = fileOfUri(this.rootUri) ?? ''
    return {
      resource: (uri) => resources.get(uri === self ? rootPath : (fileOfUri(uri) ?? '')),
    }
  }
}

function stripFragment(uri: string): string {
  const hash = uri.indexOf('#')
  return hash === -1 ? uri : uri.slice(0, hash)
}
