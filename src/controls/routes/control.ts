import { ConfigError } from '../../base/config-error.ts'
import { canonicalTarget } from '../../http/target.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { TargetRoute } from '../../pipeline/target-notes.ts'
import type { Kit } from '../kit.ts'
import { configureRoutes } from './config.ts'
import type { RoutesConfig } from './config.ts'
import { Router } from './router.ts'

/** Lets only declared operations exist: unknown path 404, known path with another method 405. */
export const routes: Control<RoutesConfig, Kit> = {
  name: 'routes',
  ids: ['RTE-01', 'RTE-02'],
  stage: 'route',
  scope: 'gateway',
  block: undefined,
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    unknown_path: { status: 404, problem: 'not_found', title: 'Not found' },
    method_not_allowed: { status: 405, problem: 'method_not_allowed', title: 'Method not allowed' },
  },
  configure: configureRoutes,
  compile: (_config, _site, kit) => routesGuard(kit),
}

const UNKNOWN_PATH: Denial = Object.freeze({ reason: 'unknown_path' })

type Methods = TargetRoute['methods']

function routesGuard({ sites }: Kit): Guard {
  const router = buildRouter(sites)
  return {
    onRequest: (exchange) => {
      const { targetNotes } = exchange
      const found = targetNotes?.route ?? findRoute(router, exchange.path)
      if (found === undefined) return UNKNOWN_PATH
      if (targetNotes !== undefined) targetNotes.route = found
      const { methods, values } = found
      // Before an OPTIONS that the document declares: browsers send preflights without the credentials it may want.
      const site = preflightSite(exchange, methods) ?? siteOf(methods, exchange.head.method)
      if (site === undefined) return methodNotAllowed(methods)
      exchange.site = site
      exchange.pathValues = values
      return undefined
    },
  }
}

function findRoute(router: Router<Site>, path: string): TargetRoute | undefined {
  const match = router.match(path)
  return match && { methods: match.entry.methods, values: match.values }
}

/** Where a document declares GET, HEAD exists too (RFC 9110 section 9.3.2). */
function siteOf(methods: Methods, method: string): Site | undefined {
  return methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined)
}

/** A preflight belongs to the operation it asks for; the `cors` control answers it. */
function preflightSite(exchange: Exchange, methods: Methods): Site | undefined {
  const { head } = exchange
  const wanted = head.headers.get('access-control-request-method')
  if (head.method !== 'OPTIONS' || wanted === undefined || !head.headers.has('origin'))
    return undefined
  const site = siteOf(methods, wanted)
  exchange.isPreflight = site !== undefined
  return site
}

function methodNotAllowed(methods: Methods): Denial {
  const allowed = new Set(methods.keys())
  if (allowed.has('GET')) allowed.add('HEAD')
  return { reason: 'method_not_allowed', headers: ['Allow', [...allowed].sort().join(', ')] }
}

/** Throws `ConfigError` naming both operations where two APIs claim the same path and method. */
function buildRouter(sites: readonly Site[]): Router<Site> {
  const router = new Router<Site>()
  const faults = sites.flatMap((site) => {
    const { operation, publicBase, label } = site
    const other = router.add(
      operation.method,
      publicBase + canonicalTemplate(operation.template),
      site,
    )
    if (other === undefined) return []
    const message = `${label} of API "${operation.api}" is already served as ${operation.method} ${other}`
    return [{ path: `apis.${operation.api}`, message, cure: 'give one API another basePath' }]
  })
  if (faults.length > 0) throw new ConfigError(faults)
  return router
}

/** Requests are matched in canonical form, so what stands around the variables of a template must stand in it too. */
function canonicalTemplate(template: string): string {
  const variable = /(\{[^{}]+\})/
  return template
    .split('/')
    .map((segment) => segment.split(variable).map(canonicalPiece).join(''))
    .join('/')
}

function canonicalPiece(piece: string): string {
  if (piece === '' || piece.startsWith('{')) return piece
  // Documents may write `/café` and `/a b`; requests that do are refused, those that encode it are meant.
  const encoded = piece.toWellFormed().replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent)
  const target = canonicalTarget(`/${encoded}`, { allowMatrix: true })
  return 'path' in target ? target.path.slice(1) : piece
}
