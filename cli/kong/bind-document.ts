import type { ApiModel, Operation } from '../../src/openapi/model.ts'
import { CommandError } from '../failure.ts'
import { BoundSecurity } from './bound-security.ts'
import type { Requirement } from './bound-security.ts'
import { fieldsOf } from './kong-file.ts'
import type { KongService } from './kong-file.ts'
import { publicTemplate, shareOf } from './match-route.ts'
import type { Notebook } from './notebook.ts'
import { texts } from './plugins.ts'
import { looksInside } from './policy.ts'
import type { Binding, KongOperation, OwnDocument, RoutePlace, Written } from './model.ts'

/** Where the document could stand: a place of Kong, with what is before its templates. */
interface Candidate {
  readonly service: KongService
  readonly stripped: string
  readonly basePath: string
  readonly pathSuffix: string
}

/**
 * Lays the routes over a document: each operation gets the plugins of the route that Kong chose for it. Operations that
 * no route leads to, or only for some of their paths, are taken out. Throws `CommandError` where none is left.
 */
export function bindDocument(
  document: OwnDocument,
  places: readonly RoutePlace[],
  book: Notebook,
): Binding {
  const { model } = document
  const candidates = candidatesOf(model, places)
  const counted = candidates.map((candidate) => ({
    candidate,
    count: model.operations.filter((one) => routeOf(one, candidate, places).place !== undefined)
      .length,
  }))
  const best = counted.reduce<(typeof counted)[number] | undefined>(
    (a, b) => (a === undefined || b.count > a.count ? b : a),
    undefined,
  )
  if (best === undefined || best.count === 0)
    throw new CommandError(
      'no route of Kong leads to an operation of the document',
      'see whether its servers name the path that callers ask for',
    )
  return bind(document, best.candidate, { places, book })
}

function candidatesOf(model: ApiModel, places: readonly RoutePlace[]): readonly Candidate[] {
  const found = new Map<string, Candidate>()
  const base = model.basePath
  for (const { service, stripped, policy } of places) {
    if (stripped === undefined || policy === undefined) continue
    const add = (basePath: string, pathSuffix: string): void => {
      const key = `${service.name} ${stripped} ${basePath}`
      if (!found.has(key)) found.set(key, { service, stripped, basePath, pathSuffix })
    }
    const own = pathOf(service)
    if (stripped === '') {
      add(base, own === '' ? '' : base)
      if (base !== '' && base === own) add('', '')
    } else if (base === '' || base === stripped || base === own) add(stripped, '')
    else if (base.startsWith(`${stripped}/`)) add(base, base.slice(stripped.length))
    else add(`${stripped}${base}`, base)
  }
  return [...found.values()]
}

/** Path of the URL of a service; empty for the root. */
function pathOf({ fields }: KongService): string {
  const { url, path } = fields
  const written = typeof url === 'string' ? (URL.parse(url)?.pathname ?? '') : path
  return typeof written === 'string' ? written.replace(/\/$/, '') : ''
}

interface Route {
  /** The route that all of its paths go through, of the place; `undefined`: none, or only for some. */
  readonly place: RoutePlace | undefined
  /** Why not, where that is no matter of course. */
  readonly why?: { readonly place: RoutePlace; readonly todo: string }
}

function routeOf(
  { method, template, parameters }: Operation,
  { service, stripped, basePath }: Candidate,
  places: readonly RoutePlace[],
): Route {
  const asked = publicTemplate(`${basePath}${template}`, parameters)
  const some: RoutePlace[] = []
  for (const place of places) {
    const methods = texts(place.route.fields['methods']).map((one) => one.toUpperCase())
    if (methods.length > 0 && !methods.includes(method)) continue
    const share = shareOf(place.path, place.written, asked)
    if (share === 'some') some.push(place)
    if (share !== 'all') continue
    const other = some.find((one) => !isAlike(one, place))
    if (other !== undefined)
      return { place: undefined, why: { place: other, todo: APART(place.route.name) } }
    const isHere = place.service === service && place.stripped === stripped
    return { place: isHere && place.policy !== undefined ? place : undefined }
  }
  const [first] = some
  return first === undefined
    ? { place: undefined }
    : { place: undefined, why: { place: first, todo: NARROW } }
}

const NARROW =
  'Kong let only some of its paths through: left out (404) until its parameters say which (pattern), and init ran again'
const APART = (route: string): string =>
  `some of its paths go through it and the others through ${route}: left out (404) until they are operations of their own`

/** Whether it does not matter which of two routes is taken. */
function isAlike(a: RoutePlace, b: RoutePlace): boolean {
  if (a.service !== b.service || a.stripped !== b.stripped) return false
  return JSON.stringify(a.policy) === JSON.stringify(b.policy)
}

interface Binder {
  readonly places: readonly RoutePlace[]
  readonly book: Notebook
}

function bind(document: OwnDocument, candidate: Candidate, binder: Binder): Binding {
  const security = new BoundSecurity(document.model)
  const operations: KongOperation[] = []
  const gone: Operation[] = []
  const actions: Written[] = []
  for (const operation of document.model.operations) {
    const place = placeOf(operation, candidate, binder)
    const bound = place && boundOperation(operation, place, { security, book: binder.book })
    if (bound === undefined) {
      gone.push(operation)
      actions.push({ target: targetOf(operation, document.raw), remove: true })
      continue
    }
    operations.push(bound.operation)
    actions.push(...changeOf(operation, bound.asked, document.raw))
  }
  tellGone(gone, candidate.service, binder.book)
  if (security.added.size > 0)
    actions.push({
      target: '$',
      update: { components: { securitySchemes: Object.fromEntries(security.added) } },
    })
  return {
    ...candidate,
    operations,
    overlay: {
      overlay: '1.0.0',
      info: { title: 'What Kong let through, and what it asked for', version: '1.0.0' },
      actions,
    },
    schemes: Object.fromEntries(security.passed.map((name) => [name, 'upstream'])),
  }
}

/** The place whose plugins hold for an operation; why there is none is told where that is no matter of course. */
function placeOf(
  operation: Operation,
  candidate: Candidate,
  { places, book }: Binder,
): RoutePlace | undefined {
  const { place, why } = routeOf(operation, candidate, places)
  if (why !== undefined) {
    const { name, line } = why.place.route
    book.add(line, `route ${name}, ${labelOf(operation)}`, why.todo)
  }
  return place
}

interface Bound {
  readonly operation: KongOperation
  /** What callers must show, where that is not what the document says. */
  readonly asked: readonly Requirement[] | undefined
}

/** @returns `undefined` where no caller could show both what Kong and what the document wants. */
function boundOperation(
  operation: Operation,
  { policy, route, path }: RoutePlace,
  { security, book }: { readonly security: BoundSecurity; readonly book: Notebook },
): Bound | undefined {
  if (policy === undefined) return undefined
  const { id, method, template } = operation
  const asked = security.of(operation, policy.access)
  if (asked === 'closed') {
    const todo = 'the document wants another credential in Authorization: left out (404)'
    book.add(route.line, labelOf(operation), todo)
    return undefined
  }
  if (policy.bodySchema !== undefined)
    book.add(route.line, labelOf(operation), 'its body is checked by the document alone')
  const { segments } = publicTemplate(template, [])
  const isChecked = looksInside(policy, path.segments)
  return { operation: { id, method, segments, policy, route: route.name, isChecked }, asked }
}

function labelOf({ method, template }: Operation): string {
  return `${method} ${template}`
}

/** Operations named in one note. */
const MAX_NAMED = 20

function tellGone(gone: readonly Operation[], { line, name }: KongService, book: Notebook): void {
  if (gone.length === 0) return
  const named = gone.slice(0, MAX_NAMED).map(labelOf).join(', ')
  const more = gone.length > MAX_NAMED ? ` and ${gone.length - MAX_NAMED} more` : ''
  const todo = `no open route leads there: taken out by the overlay (404): ${named}${more}`
  book.add(line, `service ${name}, operations of the document`, todo)
}

/** Lists are appended to, so what an operation says itself goes first. */
function changeOf(
  operation: Operation,
  security: readonly Requirement[] | undefined,
  raw: unknown,
): readonly Written[] {
  if (security === undefined) return []
  const target = targetOf(operation, raw)
  const written = rawOperation(operation, raw)['security']
  if (JSON.stringify(written) === JSON.stringify(security)) return []
  const removal = written === undefined ? [] : [{ target: `${target}.security`, remove: true }]
  return [...removal, { target, update: { security } }]
}

function targetOf(operation: Operation, raw: unknown): string {
  const { method, template } = operation
  if (Object.keys(rawOperation(operation, raw)).length === 0)
    throw new CommandError(
      `${labelOf(operation)} does not stand in the document itself`,
      'bundle it first: an overlay reaches no path that is another file',
    )
  return `$.paths[${JSON.stringify(template)}].${method.toLowerCase()}`
}

function rawOperation({ method, template }: Operation, raw: unknown): Readonly<Written> {
  const paths = fieldsOf(fieldsOf(raw)['paths'])
  return fieldsOf(fieldsOf(paths[template])[method.toLowerCase()])
}
