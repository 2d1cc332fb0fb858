import { ConfigError } from '../base/config-error.ts'
import { KEY_SET_MEDIA_TYPE, KEY_SET_PATH } from '../identity/signing/signing-keys.ts'
import type { Dependency } from '../gateway/dependencies.ts'
import { StoreError } from '../store/records.ts'
import { METRICS_MEDIA_TYPE } from '../telemetry/metrics.ts'
import { json, problem } from './answer.ts'
import type { AdminAnswer } from './answer.ts'
import {
  createKey,
  dueKeys,
  importKeys,
  listKeys,
  revokeKey,
  rotateKey,
  showKey,
  updateKey,
} from './keys-api.ts'
import type { KeyCall } from './keys-api.ts'
import { liftBan, listBans } from './bans-api.ts'
import { changeRelations } from './relations-api.ts'
import type { AdminTarget, HealthTarget } from './target.ts'
import { unlock } from './unlock-api.ts'

/** A call of the admin API. */
export interface AdminCall extends KeyCall {
  readonly target: AdminTarget
  readonly method: string
  /** Path without query. */
  readonly path: string
  readonly requestId: string
}

type Handler = (
  call: AdminCall,
  id: string,
) => AdminAnswer | undefined | Promise<AdminAnswer | undefined>

interface Route {
  readonly path: RegExp
  readonly methods: Readonly<Record<string, Handler>>
}

const KEY_ID = '([A-Za-z0-9_-]{1,64})'

/** Whose bodies are larger than others. */
export const IMPORT_PATH: RegExp = /^\/keys\/import$/

const ROUTES: readonly Route[] = [
  { path: /^\/status$/, methods: { GET: (call) => json(call.target.status()) } },
  { path: /^\/reload$/, methods: { POST: reload } },
  { path: /^\/unlock$/, methods: { POST: unlock } },
  { path: /^\/bans$/, methods: { GET: listBans } },
  { path: /^\/bans\/lift$/, methods: { POST: liftBan } },
  { path: /^\/keys$/, methods: { GET: listKeys, POST: createKey } },
  { path: IMPORT_PATH, methods: { POST: importKeys } },
  // No key is called `due`: ids have 12 characters.
  { path: /^\/keys\/due$/, methods: { GET: dueKeys } },
  { path: new RegExp(`^/keys/${KEY_ID}$`), methods: { GET: showKey, PATCH: updateKey } },
  { path: new RegExp(`^/keys/${KEY_ID}/rotate$`), methods: { POST: rotateKey } },
  { path: new RegExp(`^/keys/${KEY_ID}/revoke$`), methods: { POST: revokeKey } },
  { path: /^\/relations$/, methods: { POST: changeRelations } },
]

/**
 * Answers one call. Never rejects: a mistake in what was asked is 422 (409 for a dead key), a store that is away 503,
 * a defect 500 and an event.
 */
export async function answerAdmin(call: AdminCall): Promise<AdminAnswer> {
  try {
    const health = healthAnswer(call.target, call.method, call.path)
    if (health !== undefined) return health
    const isWrite = call.method !== 'GET' && call.method !== 'HEAD'
    if (isWrite && call.target.isReadOnly === true) return problem('read_only', call.requestId)
    return await routed(call)
  } catch (error) {
    return faultAnswer(error, call)
  }
}

/** `/live`, `/ready`, `/metrics` and the public keys; `undefined` for everything else. */
export function healthAnswer(
  target: HealthTarget,
  method: string,
  path: string,
): AdminAnswer | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined
  if (path === '/live') return json({ status: 'live' })
  if (path === '/metrics')
    return { status: 200, mediaType: METRICS_MEDIA_TYPE, body: target.metricsText() }
  if (path === KEY_SET_PATH)
    return { status: 200, mediaType: KEY_SET_MEDIA_TYPE, body: target.keySetText() }
  if (path !== '/ready') return undefined
  const { isReady, reasons, dependencies } = target.ready()
  const body = {
    status: isReady ? 'ready' : 'not ready',
    reasons,
    dependencies: dependencies.map(shown),
  }
  return json(body, isReady ? 200 : 503)
}

/** Nothing of why: the port may be open to more people than the log. */
function shown({ name, isUp, closes }: Dependency) {
  return { name, state: isUp ? 'up' : 'away', closes }
}

async function routed(call: AdminCall): Promise<AdminAnswer> {
  for (const { path, methods } of ROUTES) {
    const match = path.exec(call.path)
    if (match === null) continue
    const handler = Object.hasOwn(methods, call.method) ? methods[call.method] : undefined
    if (handler === undefined)
      return {
        ...problem('method_not_allowed', call.requestId),
        headers: ['allow', Object.keys(methods).join(', ')],
      }
    return (await handler(call, match[1] ?? '')) ?? problem('not_found', call.requestId)
  }
  return problem('not_found', call.requestId)
}

async function reload(call: AdminCall): Promise<AdminAnswer> {
  call.target.emit({
    name: 'authz_admin',
    level: 'info',
    control: 'admin',
    reason: 'reload',
    facts: { actor: 'admin-socket' },
  })
  const result = await call.target.reload()
  if (result.ok) return json({ status: 'reloaded', planId: result.planId })
  const errors = result.faults.map((detail) => ({ pointer: '', detail }))
  return problem('configuration_rejected', call.requestId, errors)
}

function faultAnswer(error: unknown, call: AdminCall): AdminAnswer {
  if (error instanceof ConfigError) {
    const errors = error.faults.map(({ path, message, cure }) => ({
      pointer: pointerOf(path),
      detail: cure === undefined ? message : `${message} (${cure})`,
    }))
    const isDead = error.faults[0]?.path === 'id'
    return problem(isDead ? 'conflict' : 'invalid_request', call.requestId, errors)
  }
  const isAway = error instanceof StoreError && error.code === 'unavailable'
  call.target.emit({
    name: isAway ? 'sp_dependency_down' : 'sp_control_fault',
    level: 'critical',
    control: 'admin',
    reason: isAway ? 'store' : 'fault',
    detail: error instanceof Error ? (error.stack ?? error.message) : 'unknown fault',
    facts: { request_id: call.requestId },
  })
  return problem(isAway ? 'unavailable' : 'internal_error', call.requestId)
}

/** `scopes[2]` as `/scopes/2` (RFC 6901). */
function pointerOf(path: string): string {
  if (path === '') return ''
  const escaped = path.replaceAll('~', '~0').replaceAll('/', '~1')
  return `/${escaped.replace(/\[(\d+)\]$/, '/$1')}`
}
