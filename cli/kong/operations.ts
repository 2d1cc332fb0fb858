import { bindDocument } from './bind-document.ts'
import type { KongFile, KongRoute, KongService } from './kong-file.ts'
import { publicTemplate, shareOf } from './match-route.ts'
import { fixedStart, readKongPath, templateOf, templatesOf } from './paths.ts'
import type { KongPath, Segment } from './paths.ts'
import type { Notebook } from './notebook.ts'
import { texts } from './plugins.ts'
import { looksInside, pluginsOf, policyOf } from './policy.ts'
import type {
  Binding,
  KongApi,
  KongOperation,
  OwnDocument,
  RoutePath,
  RoutePlace,
  RoutePolicy,
  SignedIssuer,
} from './model.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const HTTP_METHODS: ReadonlySet<string> = new Set([...METHODS, 'HEAD', 'OPTIONS', 'TRACE'])
/** Fields by which Kong chooses a route and that are not looked at here. */
const OTHER_MATCHES = ['headers', 'snis', 'sources', 'destinations', 'expression'] as const

/** What the making of APIs needs beside the file. */
export interface KongParts {
  readonly book: Notebook
  readonly signed: readonly SignedIssuer[]
  /** The document of a person, for the place that most of it is about. */
  readonly document?: OwnDocument | undefined
}

/** All that is served after all, by place, with a note for every route and path that is not. */
export function kongApis(kong: KongFile, parts: KongParts): readonly KongApi[] {
  const { book, signed, document } = parts
  const places = pathsOf(kong, book).map((one): RoutePlace => ({
    ...one,
    policy:
      one.isClosed === true ? undefined : policyOf(pluginsOf(kong, one.route), { book, signed }),
    stripped: baseOf(one.route, one.path),
  }))
  const binding = document === undefined ? undefined : bindDocument(document, places, book)
  const takenIds = new Set<string>(binding?.operations.map(({ id }) => id))
  const built = buildApis(places, { binding, takenIds, book })
  return nameApis(built, binding)
}

interface Site {
  readonly binding: Binding | undefined
  readonly takenIds: Set<string>
  readonly book: Notebook
}

function buildApis(
  places: readonly RoutePlace[],
  { binding, takenIds, book }: Site,
): readonly Building[] {
  const apis = new Map<string, Building>()
  const buildingOf = ({ service, stripped = '' }: RoutePlace): Building => {
    const key = `${service.name} ${stripped}`
    const known = apis.get(key) ?? { service, basePath: stripped, operations: new Map() }
    apis.set(key, known)
    return known
  }
  const isBound = (place: RoutePlace): boolean =>
    binding?.service === place.service && binding.stripped === place.stripped
  for (const [index, place] of places.entries()) {
    const { route, path, written, policy, stripped: base } = place
    const common = { route, path, takenIds, book }
    if (policy === undefined) {
      for (const wider of places.slice(index + 1)) {
        const closed = isBound(wider) ? undefined : closedUnder(place, wider)
        if (closed === undefined) continue
        const skip = wider.stripped === '' ? 0 : wider.path.segments.length
        addPath(buildingOf(wider), { ...common, policy: closed, skip, isClosed: true })
      }
    } else if (base === undefined) {
      const todo =
        'strip_path takes a pattern off: left out (404), write basePath and the paths behind it'
      book.add(route.line, `path ${written}`, todo)
    } else if (binding !== undefined && isBound(place)) {
      tellUnused(binding, { route, written }, book)
    } else {
      const skip = base === '' ? 0 : path.segments.length
      addPath(buildingOf(place), { ...common, policy, skip })
    }
  }
  return [...apis.values()].filter(({ operations }) => operations.size > 0)
}

const EVERYWHERE: readonly string[] = ['0.0.0.0/0', '::/0']

/**
 * What closes a path that Kong protected in a way that is not known here, where a wider route would let it through.
 * @returns `undefined` where that does not.
 */
function closedUnder(place: RoutePlace, wider: RoutePlace): RoutePolicy | undefined {
  if (wider.policy === undefined || wider.stripped === undefined) return undefined
  const template = publicTemplate(templateOf(place.path.segments), [])
  if (shareOf(wider.path, wider.written, template) === 'none') return undefined
  return { ...wider.policy, allow: [], deny: EVERYWHERE }
}

function tellUnused(
  { operations }: Binding,
  { route, written }: Pick<RoutePath, 'route' | 'written'>,
  book: Notebook,
): void {
  if (operations.some((one) => one.route === route.name)) return
  book.add(route.line, `path ${written}`, 'no operation of the document is behind it: 404')
}

interface Building {
  readonly service: KongService
  readonly basePath: string
  /** Method and shape of the path -> operation. */
  readonly operations: Map<string, KongOperation>
}

/** In the order in which Kong tries them: patterns first, then the longer path. */
function pathsOf(kong: KongFile, book: Notebook): readonly RoutePath[] {
  const all = kong.routes.flatMap((route) => {
    const service = kong.services.find(
      ({ name, fields }) =>
        route.service !== undefined && [name, fields['id']].includes(route.service),
    )
    if (service === undefined)
      book.add(route.line, `route ${route.name}`, 'is of no service: left out (404)')
    if (service === undefined || !isServed(route, service, book)) return []
    const written = texts(route.fields['paths'])
    const paths = written.length === 0 ? ['/'] : written
    return paths.flatMap((text) => {
      const path = readKongPath(text, kong.version)
      if (path !== undefined) return [{ route, service, path, written: text }]
      book.add(
        route.line,
        `path ${text}`,
        'no template can say it: left out (404), declare its paths in the document',
      )
      const closed = fixedStart(text)
      return closed === undefined
        ? []
        : [{ route, service, path: closed, written: text, isClosed: true as const }]
    })
  })
  const rank = ({ path, route }: RoutePath): number =>
    path.isRegex ? 1000 + Number(route.fields['regex_priority'] ?? 0) : path.segments.length
  return all.toSorted((a, b) => rank(b) - rank(a))
}

function isServed(route: KongRoute, service: KongService, book: Notebook): boolean {
  const leave = (why: string): false => {
    book.add(route.line, `route ${route.name}`, `${why}: left out (404)`)
    return false
  }
  if (service.fields['enabled'] === false) return leave(`service ${service.name} is switched off`)
  const other = OTHER_MATCHES.find((name) => {
    const value = route.fields[name]
    return value !== undefined && value !== null && Object.keys(value).length > 0
  })
  if (other !== undefined) return leave(`it is chosen by ${other}, which is not looked at here`)
  const protocols = texts(route.fields['protocols'])
  if (protocols.length > 0 && !protocols.some((one) => one === 'http' || one === 'https'))
    return leave(`it speaks ${protocols.join(', ')}`)
  if (protocols.includes('http'))
    book.add(route.line, `route ${route.name}`, 'plain http is sent to https (listen.plain)')
  const hosts = texts(route.fields['hosts'])
  if (hosts.length > 0)
    book.add(
      route.line,
      `route ${route.name}`,
      `hosts do not choose a route; where these are served, write listen: { hosts: [${hosts.join(', ')}], tls: { cert: file:…, key: file:… } }`,
    )
  return true
}

/** The fixed text that `strip_path` takes off; `undefined` where it is a pattern. */
function baseOf(route: KongRoute, path: KongPath): string | undefined {
  if (route.fields['strip_path'] === false || path.segments.length === 0) return ''
  return path.segments.every((segment) => 'text' in segment) && path.isPrefix
    ? templateOf(path.segments)
    : undefined
}

interface Adding {
  readonly route: KongRoute
  readonly path: KongPath
  readonly policy: RoutePolicy
  readonly skip: number
  /** Nothing behind it is served, so that there is nothing to tell. */
  readonly isClosed?: true
  readonly takenIds: Set<string>
  readonly book: Notebook
}

function addPath({ operations, basePath }: Building, adding: Adding): void {
  const { route, path, policy, skip, takenIds, book } = adding
  const written = texts(route.fields['methods']).map((method) => method.toUpperCase())
  const methods = (written.length === 0 ? METHODS : written).filter((one) => HTTP_METHODS.has(one))
  if (path.isPrefix && adding.isClosed === undefined)
    book.add(
      route.line,
      `path ${basePath}${templateOf(path.segments.slice(skip))}`,
      'a prefix: declared three levels deep and open inside; narrow it down in the document',
    )
  if (skip > 0 && adding.isClosed === undefined)
    book.add(
      route.line,
      `path ${basePath}`,
      `only what stands behind ${basePath}/ is served, ${basePath} alone is not`,
    )
  for (const own of templatesOf(path, skip)) {
    const segments = knownNames(operations, own)
    for (const method of methods) {
      const key = `${method} ${shapeOf(segments)}`
      if (operations.has(key)) {
        if (operations.get(key)?.route !== route.name)
          book.add(
            route.line,
            `${method} ${templateOf(segments)}`,
            `route ${operations.get(key)?.route} has it already: its plugins count`,
          )
        continue
      }
      const id = freeId(`${method.toLowerCase()}${basePath}${templateOf(segments)}`, takenIds)
      const isChecked = looksInside(policy, segments)
      operations.set(key, { id, method, segments, policy, route: route.name, isChecked })
    }
  }
}

/** Paths of one shape must have parameters of one name: those that came first. */
function knownNames(
  operations: ReadonlyMap<string, KongOperation>,
  segments: readonly Segment[],
): readonly Segment[] {
  const shape = shapeOf(segments)
  for (const known of operations.values())
    if (shapeOf(known.segments) === shape) return known.segments
  return segments
}

function shapeOf(segments: readonly Segment[]): string {
  return segments.map((segment) => ('text' in segment ? segment.text : '{}')).join('/')
}

function freeId(text: string, taken: Set<string>): string {
  const words = text.split(/[^0-9A-Za-z]+/).filter((word) => word !== '')
  const base = words
    .map((word, index) => (index === 0 ? word : `${word.charAt(0).toUpperCase()}${word.slice(1)}`))
    .join('')
  let id = base
  for (let n = 2; taken.has(id); n++) id = `${base}${n}`
  taken.add(id)
  return id
}

/** By the service; where several come of one, the one that takes nothing off has its name. */
function nameApis(built: readonly Building[], binding: Binding | undefined): readonly KongApi[] {
  const taken = new Set<string>()
  const nameFor = (service: KongService, basePath: string): string => {
    const plain = nameOf(service.name)
    const wanted = taken.has(plain) ? nameOf(`${plain}${basePath}`) : plain
    let name = wanted
    for (let n = 2; taken.has(name); n++) name = `${wanted}-${n}`
    taken.add(name)
    return name
  }
  const bound = binding === undefined ? [] : [boundApi(binding, nameFor)]
  const sorted = built.toSorted((a, b) => a.basePath.length - b.basePath.length)
  const made = sorted.map(({ service, basePath, operations }): KongApi => ({
    name: nameFor(service, basePath),
    service,
    basePath,
    isStripped: basePath !== '',
    pathSuffix: '',
    operations: [...operations.values()],
  }))
  return [...bound, ...made]
}

function boundApi(
  binding: Binding,
  nameFor: (service: KongService, basePath: string) => string,
): KongApi {
  const { service, basePath, stripped, pathSuffix, operations } = binding
  return {
    name: nameFor(service, basePath),
    service,
    basePath,
    isStripped: stripped !== '',
    pathSuffix,
    operations,
    binding,
  }
}

/** Letters, digits and single hyphens. */
function nameOf(text: string): string {
  const name = text.replaceAll(/[^0-9A-Za-z]+/g, '-').replaceAll(/^-+|-+$/g, '')
  return name === '' ? 'api' : name
}
