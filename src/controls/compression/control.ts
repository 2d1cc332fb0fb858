import type { Control, Guard } from '../../pipeline/control.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { isOwnOrigin } from '../own-origin.ts'
import { configureCompression } from './config.ts'
import type { CompressionConfig } from './config.ts'
import { declaresSecrets } from './declared-secrets.ts'
import { fixedParameters, NONE_FIXED } from './fixed-parameters.ts'
import { mayReflect } from './reflection.ts'

/** Keeps answers uncompressed whose length could tell a secret to who puts guesses beside it (BREACH, CRIME). */
export const compression: Control<CompressionConfig, Kit> = {
  name: 'compression',
  ids: ['TRN-01'],
  stage: 'filter',
  scope: 'operation',
  block: undefined,
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {},
  configure: configureCompression,
  compile: (config, site, kit) => {
    const api = site === undefined ? undefined : kit.apis.get(site.operation.api)
    return site === undefined || api === undefined ? undefined : compressionGuard(config, site, api)
  },
}

function compressionGuard(config: CompressionConfig, site: Site, api: ApiRuntime): Guard {
  if (declaresSecrets(site, api.responseSchemas.resources)) return { keepsUncoded: () => true }
  const fixed = config.hasCheckedParameters
    ? fixedParameters(site.operation, api.requestSchemas.resources)
    : NONE_FIXED
  return {
    keepsUncoded: (exchange, { headers }, body) =>
      headers.has('set-cookie') ||
      isSentUnasked(exchange) ||
      isFromElsewhere(exchange, config.origins) ||
      mayReflect(exchange, body, fixed),
  }
}

/** Schemes whose credentials a program sends because it means to; the others browsers add by themselves. */
const MEANT = /^(?:bearer|dpop|apikey) /i

/** A page of anybody can have the browser of somebody else send this. */
function isSentUnasked({ head: { headers } }: Exchange): boolean {
  if (headers.has('cookie')) return true
  const authorization = headers.get('authorization')
  return authorization !== undefined && !MEANT.test(authorization)
}

/** Whether a page that is not ours, nor of a listed origin, asks. Programs that are no browsers say neither. */
function isFromElsewhere(exchange: Exchange, origins: ReadonlySet<string>): boolean {
  const { headers } = exchange.head
  const origin = headers.get('origin')
  if (origin !== undefined) return !origins.has(origin) && !isOwnOrigin(exchange, origin)
  const site = headers.get('sec-fetch-site')
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}
