import type { SitePlan } from '../../src/gateway/plan.ts'
import { isInsideHost } from '../../src/gateway/config/values/network.ts'
import type { ApiSettings } from '../../src/gateway/config/settings.ts'
import { isPublic } from '../../src/openapi/is-public.ts'
import { inspectWhole } from '../inspect.ts'
import type { ConfigOptions } from '../load.ts'
import { callDirectly, forgedIdentity } from './direct-call.ts'
import type { DirectCall, DirectOutcome } from './direct-call.ts'
import { checkRow } from './result.ts'
import type { ProofRow } from './result.ts'

/** Places of one API that are tried. */
const MAX_ORIGINS = 8

/**
 * Calls each API past the gateway, one GET of a protected operation for each of its places, and says what it saw
 * [OUT-09]. An API that answers is a finding where the operator says that it checks who calls, and where strangers
 * reach it; on this machine or its own network it is only told. Rejects with `ConfigError`.
 */
export async function proveDirectCalls(flags: ConfigOptions): Promise<readonly ProofRow[]> {
  const { loaded, built } = await inspectWhole(flags)
  const rows: ProofRow[] = []
  for (const api of loaded.settings.apis) {
    const path = protectedPath(built.plan.sites, api.name)
    if (path === undefined) continue
    for (const { origin } of api.upstream.origins.slice(0, MAX_ORIGINS))
      rows.push(await directRow(api, origin, path))
  }
  return rows
}

/** Path at the API of a GET that needs a credential, one without variables before others; `undefined`: none. */
function protectedPath(sites: readonly SitePlan[], api: string): string | undefined {
  const paths = sites
    .map(({ site }) => site)
    .filter(({ operation }) => operation.api === api && operation.method === 'GET')
    .filter(({ operation }) => !isPublic(operation))
    .map(({ upstreamBase, operation }) => upstreamBase + operation.template)
  const path = paths.find((one) => !one.includes('{')) ?? paths[0]
  return path?.replaceAll(/\{[^{}]+\}/g, 'sallyport-prove-0')
}

async function directRow(api: ApiSettings, origin: string, path: string): Promise<ProofRow> {
  const startedAt = performance.now()
  const { identity, clientCertificate } = api.upstream
  const call = { origin, path, headers: [], hasCertificate: clientCertificate !== undefined }
  const plain = await callDirectly(call)
  const outcome = await withForgery(plain, call, identity)
  const name = `GET ${origin}${path} past the gateway: ${textOf(outcome)}`
  return checkRow(
    { kind: 'direct', control: 'upstream-identity', id: 'OUT-09', name },
    directFault(outcome, origin, identity?.isStated === true),
    Math.round(performance.now() - startedAt),
  )
}

/** An API that says no to no token may still believe any. */
function withForgery(
  plain: DirectOutcome,
  call: DirectCall,
  identity: ApiSettings['upstream']['identity'],
): DirectOutcome | Promise<DirectOutcome> {
  if (plain.kind !== 'refused' || identity?.isStated !== true) return plain
  return callDirectly({ ...call, headers: ['sallyport-identity', forgedIdentity(identity)] })
}

function textOf(outcome: DirectOutcome): string {
  switch (outcome.kind) {
    case 'answered':
      return `answered ${outcome.status}`
    case 'refused':
      return `refused, ${outcome.detail}`
    default:
      return `not reached from here, ${outcome.detail}`
  }
}

/** What is wrong with an outcome; `isStated`: the operator says that the API checks who calls. */
export function directFault(
  outcome: DirectOutcome,
  origin: string,
  isStated: boolean,
): string | undefined {
  if (outcome.kind !== 'answered') return undefined
  if (isStated)
    return 'upstream.identity says that the API checks Sallyport-Identity, and it does not'
  if (isInsideHost(new URL(origin).hostname)) return undefined
  return 'whoever reaches the API gets past every rule (docs/guide/trust-the-gateway.md)'
}
