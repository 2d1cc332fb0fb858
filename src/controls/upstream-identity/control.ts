import { ConfigError } from '../../base/config-error.ts'
import { KEY_SET_MEDIA_TYPE, KEY_SET_PATH } from '../../identity/signing/signing-keys.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { configureUpstreamIdentity } from './config.ts'
import type { UpstreamIdentityConfig } from './config.ts'
import { Minter } from './minter.ts'

/** Tells the API who is calling, in a token that it can check, and publishes what it checks with. */
export const upstreamIdentity: Control<UpstreamIdentityConfig, Kit> = {
  name: 'upstream-identity',
  ids: ['TOK-10', 'OUT-09'],
  // The key set is answered before there is an operation; the token is added to what is forwarded.
  stage: 'route',
  scope: 'gateway',
  block: undefined,
  adopt: 'enforce',
  onFault: 'deny',
  reasons: { key_set: { status: 200, problem: 'key_set', title: 'Key set' } },
  configure: configureUpstreamIdentity,
  compile: (config, _site, kit) => upstreamIdentityGuard(config, kit),
}

/** Callers remembered over all APIs: a token and what holds it take about a kilobyte. */
const MAX_CALLERS = 20_000

function upstreamIdentityGuard({ identities }: UpstreamIdentityConfig, kit: Kit): Guard {
  const { signing: keys, clock } = kit
  const maxCallers = Math.max(2, Math.floor(MAX_CALLERS / identities.size))
  const minters = new Map(
    [...identities].map(([api, { iss, aud }]) => [api, new Minter({ iss, aud, keys, maxCallers })]),
  )
  const guard: Guard = {
    onForward: (exchange, headers) => {
      const minter = minters.get(exchange.site?.operation.api ?? '')
      // The time of now: a large body may have taken longer than a token lives.
      if (minter !== undefined)
        headers.push('sallyport-identity', minter.token(exchange.principal, clock.nowMs()))
    },
  }
  if (!mayPublish(identities, kit.sites)) return guard
  return {
    ...guard,
    onRequest: (exchange) => (asksForKeySet(exchange) ? keySet(kit) : undefined),
  }
}

/**
 * Whether the path of the key set is ours. A document that declares it keeps it, unless the operator says that the
 * API checks our tokens: then it must be able to have the keys. Throws `ConfigError`.
 */
function mayPublish(
  identities: UpstreamIdentityConfig['identities'],
  sites: readonly Site[],
): boolean {
  const taken = sites.find(({ publicBase, operation }) => isKeySetPath(publicBase, operation))
  if (taken === undefined) return true
  const stated = [...identities].find(([, { isStated }]) => isStated)
  if (stated === undefined) return false
  throw new ConfigError({
    path: `apis.${taken.operation.api}`,
    message: `the document declares ${taken.label}, where the keys of Sallyport-Identity stand for API "${stated[0]}"`,
    cure: 'give the API another basePath, or write upstream: { identity: false }',
  })
}

function isKeySetPath(publicBase: string, { template }: Site['operation']): boolean {
  return publicBase + template === KEY_SET_PATH
}

function asksForKeySet({ path, query, head }: Exchange): boolean {
  return (
    path === KEY_SET_PATH && query.text === '' && (head.method === 'GET' || head.method === 'HEAD')
  )
}

function keySet({ signing, clock }: Kit): Denial {
  return {
    reason: 'key_set',
    content: { mediaType: KEY_SET_MEDIA_TYPE, body: signing.keySetText(clock.nowMs()) },
  }
}
