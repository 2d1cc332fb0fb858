import type { KernelFilter } from '../kernel/response-kernel.ts'
import type { Finding, SchemaRef } from '../model.ts'
import { compileApplicators } from './applicator.ts'
import { compileArray } from './array.ts'
import { capsAt, freePlace, insideOnly } from './caps.ts'
import { Choices } from './choice.ts'
import type { Caps, CompileOptions, Filter, SlicedValidate, Validate } from './contract.ts'
import type { Seal } from './cycles.ts'
import { findEndless, sealCycles } from './cycles.ts'
import { compileSwitch } from './discriminator.ts'
import { DynamicScopes } from './dynamic.ts'
import { isObject } from './equal.ts'
import { FactsReader } from './facts.ts'
import { FilterCompiler } from './filter.ts'
import type { Place } from './filter-place.ts'
import type { Builder, Cell, Check, Edge, Frame, Part, Variant } from './node.ts'
import { every, PASS, REFUSE } from './node.ts'
import { compileObject } from './object.ts'
import type { Pattern } from './pattern.ts'
import { PatternCache } from './pattern-cache.ts'
import type { Site } from './resources.ts'
import { Resources } from './resources.ts'
import type { Run } from './run.ts'
import { newRun } from './run.ts'
import { compileScalars } from './scalar.ts'
import { findMalformed, UNSUPPORTED_KEYWORDS } from './shapes.ts'
import { toSlicedValidate, toValidate } from './validate.ts'
import type { Root } from './validate.ts'
import { closureOf, withClosure, withUnevaluated } from './unevaluated.ts'

/** Deeper nesting inside one schema is refused, so that the compiler's own recursion is bounded. */
const MAX_NESTING = 200

/**
 * Compiles the schemas of one document into checks. Schemas that are referred to are compiled once for each way they
 * are used; everything reachable is compiled, and its faults reported, when a validator is asked for.
 * Findings of severity `error` mean that the document must be refused; such schemas refuse every value.
 * @see JSON Schema 2020-12; OpenAPI 3.0 section 4.7.24 for its dialect
 */
export class SchemaCompiler implements Builder {
  readonly options: CompileOptions
  readonly refusesHidden: boolean
  readonly resources: Resources
  readonly facts: FactsReader
  readonly choices: Choices
  readonly #patterns: PatternCache
  readonly #dynamic: DynamicScopes
  readonly #cells = new Map<object, Map<string, Cell>>()
  readonly #numbers = new Map<object, number>()
  readonly #seals = new Map<Cell, Seal>()
  readonly #reported = new Set<string>()
  #pending: Cell[] = []
  #filters: FilterCompiler | undefined
  readonly #capped = new Map<string, SchemaCompiler>()

  constructor(options: CompileOptions & Partial<Pick<Builder, 'refusesHidden'>>) {
    this.options = options
    this.refusesHidden = options.refusesHidden ?? true
    this.resources = new Resources(options.registry)
    this.facts = new FactsReader(this.resources)
    this.choices = new Choices(this.resources)
    this.#patterns = new PatternCache((site, finding) => this.report(site, finding))
    this.#dynamic = new DynamicScopes(this.resources)
  }

  /** The compiler of the same schemas with bounds where the document has none; itself for no bounds. */
  withCaps(caps: Caps): SchemaCompiler {
    if (caps.maxLength === Infinity && caps.maxItems === Infinity) return this
    const key = `${caps.maxLength} ${caps.maxItems}`
    const known = this.#capped.get(key)
    if (known !== undefined) return known
    const made = new SchemaCompiler({
      ...this.options,
      refusesHidden: this.refusesHidden,
      caps,
      report: (finding) => this.#tell(finding.source, finding),
    })
    this.#capped.set(key, made)
    return made
  }

  /** Compiles a schema and all it refers to. The result refuses every value when the schema could not be found. */
  validator(ref: SchemaRef): Validate {
    return toValidate(this.root(ref))
  }

  /** The same for large values, in slices. */
  slicedValidator(ref: SchemaRef): SlicedValidate {
    return toSlicedValidate(this.root(ref))
  }

  /** What a validation begins with; refuses every value when the schema could not be found. */
  root(ref: SchemaRef): Root {
    const site = this.resources.site(ref)
    if (site !== undefined) return this.#root(site)
    this.#tell({ file: ref.uri, pointer: ref.pointer }, unresolved(ref.uri))
    return { check: REFUSE, remembers: false, scope: undefined }
  }

  #root(site: Site): Root {
    const root = this.#cell(site, this.#placeVariant(site))
    const isRecursive = this.#finish(root)
    const scope = this.#dynamic.initial(site.resource)
    return { check: root.check, remembers: isRecursive || scope !== undefined, scope }
  }

  /** Compiles what a response may hold. The filter makes the value `null` when the schema could not be found. */
  filter(ref: SchemaRef): Filter {
    return this.#filterCompiler().filter(ref)
  }

  /**
   * The same as a kernel, which works on the text itself; `undefined` where only values can be filtered.
   * @param cover what is hidden besides, of what the schema declares.
   */
  kernel(ref: SchemaRef, cover?: Place): KernelFilter | undefined {
    return this.#filterCompiler().kernel(ref, cover)
  }

  /** A kernel for a place that was made otherwise, beside those of the document. */
  kernelAt(place: Place): KernelFilter | undefined {
    return this.#filterCompiler().kernelAt(place)
  }

  #filterCompiler(): FilterCompiler {
    this.#filters ??= new FilterCompiler(
      new SchemaCompiler({
        registry: this.options.registry,
        direction: 'response',
        unknownFields: 'allow',
        formats: false,
        refusesHidden: false,
        report: (finding) => this.#tell(finding.source, finding),
      }),
    )
    return this.#filters
  }

  /** The same compiled schema as a plain question, for callers that need no violations. */
  test(site: Site): (value: unknown) => boolean {
    const { check, remembers, scope } = this.#root(site)
    return (value) => check(value, newRun(scope, remembers), undefined)
  }

  value(site: Site, frame: Frame): Check {
    const place = this.#placeVariant(site)
    const caps = frame.variant.caps === 'none' ? 'none' : place.caps
    const variant = { ...place, caps }
    return this.#node(site, { owner: frame.owner, inPlace: false, variant, depth: frame.depth + 1 })
  }

  branch(site: Site, frame: Frame): Check {
    const caps = insideOnly(frame.variant.caps)
    const variant = { ...frame.variant, closed: false, caps }
    return this.#node(site, { ...frame, variant, depth: frame.depth + 1 })
  }

  trial(site: Site, frame: Frame): Check {
    return this.branch(site, { ...frame, variant: { ...frame.variant, exempt: [], caps: 'none' } })
  }

  reference(target: Site, frame: Frame): Check {
    if (!isObject(target.schema)) return this.#node(target, frame)
    const { required, readOnlyNames, writeOnlyNames } = this.facts.of(target)
    const own = this.options.direction === 'request' ? readOnlyNames : writeOnlyNames
    const exempt = frame.variant.exempt.filter((name) => required.has(name) && !own.has(name))
    const cell = this.#cell(target, { ...frame.variant, exempt: [...new Set([...own, ...exempt])] })
    const edge: Edge = { target: cell, inPlace: frame.inPlace, isCyclic: false }
    frame.owner.edges.push(edge)
    return this.#dynamic.entering(target.resource, (value, run, marks) => {
      if (
        !edge.isCyclic ||
        marks !== undefined ||
        run.memo === undefined ||
        run.log !== undefined
      ) {
        return cell.check(value, run, marks)
      }
      return remembered(cell, value, run, run.memo)
    })
  }

  report(site: Site, finding: Pick<Finding, 'severity' | 'code' | 'message'>): void {
    this.#tell({ file: site.resource.file, pointer: site.pointer }, finding)
  }

  pattern(source: string, site: Site): Pattern {
    return this.#patterns.get(source, site)
  }

  #tell(source: Finding['source'], finding: Pick<Finding, 'severity' | 'code' | 'message'>): void {
    const key = `${finding.code} ${source.file}#${source.pointer} ${finding.message}`
    if (this.#reported.has(key)) return
    this.#reported.add(key)
    this.options.report({
      severity: finding.severity,
      code: finding.code,
      message: finding.message,
      source,
    })
  }

  /** How a schema is compiled where a value of its own begins. */
  #placeVariant(site: Site): Variant {
    const { readOnlyNames, writeOnlyNames } = this.facts.of(site)
    return {
      closed: this.options.unknownFields === 'refuse',
      caps: this.options.caps === undefined ? 'none' : 'here',
      chosen: [],
      exempt: [...(this.options.direction === 'request' ? readOnlyNames : writeOnlyNames)],
    }
  }

  #cell(site: Site, variant: Variant): Cell {
    if (!isObject(site.schema)) {
      const cell: Cell = { site, variant, edges: [], check: REFUSE }
      this.#pending.push(cell)
      return cell
    }
    const variants = this.#cells.get(site.schema) ?? new Map<string, Cell>()
    this.#cells.set(site.schema, variants)
    const key = JSON.stringify([
      variant.closed,
      variant.caps,
      variant.chosen.map((schema) => this.#number(schema)),
      variant.exempt,
      site.resource.base,
    ])
    let cell = variants.get(key)
    if (cell === undefined) {
      cell = { site, variant, edges: [], check: REFUSE }
      variants.set(key, cell)
      this.#pending.push(cell)
    }
    return cell
  }

  #number(schema: object): number {
    const number = this.#numbers.get(schema) ?? this.#numbers.size
    this.#numbers.set(schema, number)
    return number
  }

  /** Compiles what is pending, including what that refers to, and looks for circles. */
  #finish(root: Cell): boolean {
    const fresh: Cell[] = []
    for (let cell = this.#next(); cell !== undefined; cell = this.#next()) {
      fresh.push(cell)
      const { site, variant } = cell
      cell.check = this.#node(site, { owner: cell, inPlace: true, variant, depth: 0 })
    }
    for (const cell of findEndless(fresh)) {
      cell.check = REFUSE
      this.report(cell.site, {
        severity: 'error',
        code: 'endless-reference',
        message: 'the schema applies itself to the same value, without end',
      })
    }
    return sealCycles(root, this.#seals).isRecursive
  }

  #next(): Cell | undefined {
    const cell = this.#pending.pop()
    if (cell !== undefined) return cell
    this.#dynamic.complete((site, frame) => this.reference(site, frame))
    return this.#pending.pop()
  }

  #node(site: Site, frame: Frame): Check {
    if (site.schema === true) return this.#free(frame)
    if (site.schema === false) return REFUSE
    if (!isObject(site.schema))
      return this.#refuse(site, 'malformed-schema', 'a schema must be an object')
    if (frame.depth > MAX_NESTING)
      return this.#refuse(site, 'schema-too-deep', 'the schema is nested too deep')
    const keywords = this.resources.keywords(site)
    const faults = this.#faults(site)
    const chosen = [...frame.variant.chosen, ...this.choices.madeBy(site)]
    const variant = { ...frame.variant, chosen: [...new Set(chosen)] }
    const part: Part = { site, keywords, frame: { ...frame, variant } }
    return faults ? REFUSE : this.#dynamic.entering(site.resource, this.#compile(part))
  }

  /** Any value may stand here. */
  #free({ variant }: Frame): Check {
    const { caps } = this.options
    return caps === undefined || variant.caps !== 'here' ? PASS : freePlace(caps)
  }

  #compile(part: Part): Check {
    const { keywords, frame } = part
    const choice = compileSwitch(part, this)
    if (choice !== undefined && choice.isWhole) return choice.check
    // A bare reference is no place of its own: what it leads to is closed instead.
    if (typeof keywords['$ref'] === 'string' && isBareReference(keywords))
      return this.#follow(part, frame)
    const closure = closureOf(part, this)
    const checks: Check[] = [...capsAt(part, this), ...compileScalars(part, this)]
    const caps = insideOnly(frame.variant.caps)
    const inner: Part = {
      ...part,
      frame: { ...frame, variant: { ...frame.variant, closed: false, caps } },
    }
    if (typeof keywords['$ref'] === 'string') checks.push(this.#follow(inner, inner.frame))
    if (typeof keywords['$dynamicRef'] === 'string') checks.push(this.#followDynamic(inner))
    checks.push(...compileObject(inner, this, closure.kind === 'own'), ...compileArray(inner, this))
    checks.push(...compileApplicators(inner, this, choice?.replaces ?? []))
    if (choice !== undefined) checks.push(choice.check)
    return withClosure(closure, withUnevaluated(inner, this, every(checks)))
  }

  #follow(part: Part, frame: Frame): Check {
    const reference = String(part.keywords['$ref'])
    const target = this.resources.resolve(reference, part.site.resource)
    if (target === undefined)
      return this.#refuse(part.site, 'unresolved-reference', unresolved(reference).message)
    return this.reference(target, frame)
  }

  #followDynamic(part: Part): Check {
    const reference = String(part.keywords['$dynamicRef'])
    const target = this.resources.resolve(reference, part.site.resource)
    if (target === undefined)
      return this.#refuse(part.site, 'unresolved-reference', unresolved(reference).message)
    return this.#dynamic.reference(
      reference,
      target,
      part.frame,
      this.reference(target, part.frame),
    )
  }

  /** Reports what is wrong with the keywords of one schema; whether any of it refuses the document. */
  #faults(site: Site): boolean {
    const malformed = findMalformed(this.resources.keywords(site))
    for (const { keyword, expected } of malformed) {
      const at = { ...site, pointer: `${site.pointer}/${keyword}` }
      this.#refuse(at, 'malformed-schema', `${keyword} must be ${expected}`)
    }
    const unsupported = UNSUPPORTED_KEYWORDS.filter((key) =>
      Object.hasOwn(Object(site.schema), key),
    )
    for (const keyword of unsupported) {
      this.#refuse(
        site,
        'unsupported-keyword',
        `${keyword} is not supported, and would change what is valid`,
      )
    }
    return malformed.length + unsupported.length > 0
  }

  #refuse(site: Site, code: string, message: string): Check {
    this.report(site, { severity: 'error', code, message })
    return REFUSE
  }
}

const BESIDE_REFERENCE: ReadonlySet<string> = new Set([
  '$ref',
  '$comment',
  'title',
  'summary',
  'description',
  'deprecated',
  'default',
  'example',
  'examples',
  'readOnly',
  'writeOnly',
])

function isBareReference(keywords: Part['keywords']): boolean {
  return Object.keys(keywords).every((key) => BESIDE_REFERENCE.has(key) || key.startsWith('x-'))
}

function unresolved(reference: string): Pick<Finding, 'severity' | 'code' | 'message'> {
  const message = `${JSON.stringify(reference)} leads to nothing in the document`
  return { severity: 'error', code: 'unresolved-reference', message }
}

/** Asks a recursive schema once for each object; `oneOf` in every level would double the work each time. */
function remembered(cell: Cell, value: unknown, run: Run, memo: NonNullable<Run['memo']>): boolean {
  if (typeof value !== 'object' || value === null) return cell.check(value, run, undefined)
  let verdicts = memo.get(value)
  if (verdicts === undefined) memo.set(value, (verdicts = new Map()))
  let verdict = verdicts.get(cell)
  if (verdict === undefined) {
    verdict = cell.check(value, run, undefined)
    if (run.slices?.isOver !== true) verdicts.set(cell, verdict)
  }
  return verdict
}
