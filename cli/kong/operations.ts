import type { KongFile, KongRoute, KongService } from './kong-file.ts'
import { readKongPath, templateOf, templatesOf } from './paths.ts'
import type { KongPath, Segment } from './paths.ts'
import { Notebook, pluginsOf, policyOf, texts } from './policy.ts'
import type { RoutePolicy } from './policy.ts'

/** One operation that a route of Kong let through. */
export interface KongOperation {
  readonly id: string
  readonly method: string
  readonly segments: readonly Segment[]
  readonly policy: RoutePolicy
  readonly route: string
}

/** What Kong had in front of one place: becomes one API. */
export interface KongApi {
  readonly name: string
  readonly service: KongService
  /** What is taken off before the API gets the path; empty for nothing. */
  readonly basePath: string
  readonly operations: readonly KongOperation[]
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const HTTP_METHODS: ReadonlySet<string> = new Set([...METHODS, 'HEAD', 'OPTIONS', 'TRACE'])
/** Fields by which Kong chooses a route and that are not looked at here. */
const OTHER_MATCHES = ['headers', 'snis', 'sources', 'destinations', 'expression'] as const

/** All that is served after all, by place, with a note for every route and path that is not. */
export function kongApis(kong: KongFile, book: Notebook): readonly KongApi[] {
  const apis = new Map<string, Building>()
  const takenIds = new Set<string>()
  for (const { route, service, path, written } of pathsOf(kong, book)) {
    const policy = policyOf(pluginsOf(kong, route), book)
    if (policy === undefined) continue
    const base = baseOf(route, path)
    if (base === undefined) {
      const todo =
        'strip_path takes a pattern off: left out (404), write basePath and the paths behind it'
      book.add(route.line, `path ${written}`, todo)
      continue
    }
    const key = `${service.name} ${base}`
    const known = apis.get(key) ?? { service, basePath: base, operations: new Map() }
    apis.set(key, known)
    addPath(known, {
      route,
      path,
      policy,
      skip: base === '' ? 0 : path.segments.length,
      takenIds,
      book,
    })
  }
  return nameApis([...apis.values()])
}

interface Building {
  readonly service: KongService
  readonly basePath: string
  /** Method and shape of the path -> operation. */
  readonly operations: Map<string, KongOperation>
}

interface RoutePath {
  readonly route: KongRoute
  readonly service: KongService
  readonly path: KongPath
  readonly written: string
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
      return []
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
  readonly takenIds: Set<string>
  readonly book: Notebook
}

function addPath({ operations, basePath }: Building, adding: Adding): void {
  const { route, path, policy, skip, takenIds, book } = adding
  const written = texts(route.fields['methods']).map((method) => method.toUpperCase())
  const methods = (written.length === 0 ? METHODS : written).filter((one) => HTTP_METHODS.has(one))
  if (path.isPrefix)
    book.add(
      route.line,
      `path ${basePath}${templateOf(path.segments.slice(skip))}`,
      'a prefix: declared three levels deep and open inside; narrow it down in the document',
    )
  if (skip > 0)
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
      operations.set(key, { id, method, segments, policy, route: route.name })
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
function nameApis(built: readonly Building[]): readonly KongApi[] {
  const taken = new Set<string>()
  const sorted = built.toSorted((a, b) => a.basePath.length - b.basePath.length)
  return sorted.map(({ service, basePath, operations }) => {
    const plain = nameOf(service.name)
    const wanted = taken.has(plain) ? nameOf(`${plain}${basePath}`) : plain
    let name = wanted
    for (let n = 2; taken.has(name); n++) name = `${wanted}-${n}`
    taken.add(name)
    return { name, service, basePath, operations: [...operations.values()] }
  })
}

/** Letters, digits and single hyphens. */
function nameOf(text: string): string {
  const name = text.replaceAll(/[^0-9A-Za-z]+/g, '-').replaceAll(/^-+|-+$/g, '')
  return name === '' ? 'api' : name
}
