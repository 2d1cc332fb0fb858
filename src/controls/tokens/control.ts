import { andThen } from '../../base/maybe-promise.ts'
import { JSON_LIMITS } from '../../http/json-limits.ts'
import { parseJsonStrict } from '../../http/json-scan.ts'
import { isJson, parseMediaType } from '../../http/media-type.ts'
import type { DataKeys } from '../../identity/data-keys/data-keys.ts'
import { tokenVersion } from '../../identity/data-keys/tenant-keys.ts'
import { rewrite } from '../../openapi/fields/rewrite.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Policy } from '../../pipeline/policy.ts'
import type { Site } from '../../pipeline/site.ts'
import { invalidStatus } from '../body/denials.ts'
import { callerRoles } from '../caller-roles.ts'
import { fieldMarks } from '../field-marks.ts'
import { tenantOf } from '../keyed-actions.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { rewriteJson } from '../rewrite-json.ts'
import { configureTokens } from './config.ts'
import { openForm, FORMS } from './open-form.ts'
import { openText, tellOpened } from './token-parts.ts'
import { tokenViews } from './token-views.ts'
import type { TokenDecision } from './token-views.ts'
import { note, pointerOf, refuse } from './token-walk.ts'
import type { TokenWalk } from './token-walk.ts'

const INVALID = { status: 422, problem: 'invalid_body', title: 'Invalid body' } as const

/** Opens tokens in declared fields of requests for the roles that may, and refuses them from everybody else. */
export const tokens: Control<Policy, Kit> = {
  name: 'tokens',
  ids: ['OUT-03'],
  stage: 'body',
  scope: 'operation',
  block: 'data',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    token_refused: { ...INVALID, event: 'authz_fail' },
    token_unknown: { ...INVALID, event: 'input_validation_fail' },
  },
  configure: configureTokens,
  compile: (policy, site, kit) => {
    const api = site === undefined ? undefined : kit.apis.get(site.operation.api)
    return site === undefined || api === undefined
      ? undefined
      : tokensGuard(policy, site, { api, keys: kit.dataKeys })
  },
}

const JSON_PATCH = 'application/json-patch+json'
/** They speak of the bytes that the client sent. */
const DIGESTS: ReadonlySet<string> = new Set(['content-digest', 'digest', 'content-md5'])

function tokensGuard(
  policy: Policy,
  site: Site,
  { api, keys }: { readonly api: ApiRuntime; readonly keys: DataKeys },
): Guard | undefined {
  const content = site.operation.requestBody?.content ?? []
  const refs = content.flatMap(({ schema }) => schema ?? [])
  const views = refs.length === 0 ? undefined : tokenViews(fieldMarks(api, policy).place(refs))
  const isPatched = content.some(({ type }) => type === JSON_PATCH)
  if (views === undefined && !isPatched) return undefined
  const roles = callerRoles(policy)
  const status = invalidStatus(site.operation)
  const { maxDepth, maxNames } = policy.validate
  const limits = { ...JSON_LIMITS, maxDepth, maxNames }
  return {
    dropsRequestHeader: (name) => DIGESTS.has(name),
    onRequestBody: (exchange, body) => {
      const essence = essenceOf(exchange)
      const view = views?.of(roles.of(exchange))
      const tenant = tenantOf(exchange.principal, policy.auth.tenantClaim)
      const walk: TokenWalk = { path: [], keys, tenant, opened: [], refused: [] }
      if (view !== undefined && FORMS.has(essence)) {
        const done = openForm(exchange, { body: exchange.bodyBytes ?? body, essence, view, walk })
        return andThen(done, () => denialOf(walk.refused, status))
      }
      if (!isJson(essence) || (view === undefined && essence !== JSON_PATCH)) return undefined
      const bytes = exchange.bodyBytes ?? body
      const parsed = parseJsonStrict(bytes, limits)
      // What is no JSON is refused by whoever validates; the API gets no token out of it that it could read.
      if (parsed.fault !== undefined) return undefined
      const value =
        essence === JSON_PATCH
          ? searchPatch(parsed.value, walk, 0)
          : view && rewrite(parsed.value, view, change, walk)
      const denial = denialOf(walk.refused, status)
      if (denial !== undefined) return denial
      if (walk.opened.length > 0 && value !== undefined) {
        exchange.bodyBytes = rewriteJson(value, bytes.toString('utf8'), parsed.value)
        tellOpened(exchange, 'tokens', walk.opened)
      }
      return undefined
    },
  }
}

function essenceOf({ head }: Exchange): string {
  return parseMediaType(head.headers.get('content-type') ?? '')?.essence ?? ''
}

function change(
  value: unknown,
  decision: TokenDecision,
  { walk }: { readonly walk: TokenWalk },
): unknown {
  if (typeof value !== 'string') return value
  const opened = openText(value, decision, walk)
  if (opened === 'same') return value
  if (typeof opened === 'string') {
    refuse(walk, opened)
    return value
  }
  note(walk.opened, pointerOf(walk))
  return opened.value
}

const MAX_DEPTH = 256

/** A patch may put a value anywhere: no token of this tenant gets into an object by it. */
function searchPatch(value: unknown, walk: TokenWalk, depth: number): undefined {
  if (typeof value === 'string') {
    const isOurs =
      tokenVersion(value) !== undefined && walk.keys.open(walk.tenant, value) !== undefined
    if (isOurs) refuse(walk, 'token_refused')
  }
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return undefined
  for (const [name, inner] of Object.entries(value)) {
    walk.path.push(name)
    searchPatch(inner, walk, depth + 1)
    walk.path.pop()
  }
  return undefined
}

function denialOf(refused: TokenWalk['refused'], status: number): Denial | undefined {
  if (refused.length === 0) return undefined
  const reason = refused.some((one) => one.reason === 'token_refused')
    ? 'token_refused'
    : 'token_unknown'
  const errors = refused.map(({ pointer }) => ({ pointer, detail: 'is no token of yours' }))
  return { reason, status, errors, detail: errors.map(({ pointer }) => pointer).join(' ') }
}
