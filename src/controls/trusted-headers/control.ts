import { effectiveHost } from '../../http/head.ts'
import { FIELD } from '../../http/header-table.ts'
import { isDroppedRequestField, isMethodOverride, isTrustField } from '../../http/hop-by-hop.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import { configureTrustedHeaders } from './config.ts'
import type { TrustedHeadersConfig } from './config.ts'

/** Deletes what a client says in a proxy's name and writes it anew from what the gateway saw itself. */
export const trustedHeaders: Control<TrustedHeadersConfig, Kit> = {
  name: 'trusted-headers',
  ids: ['WIRE-07', 'WIRE-08'],
  stage: 'admit',
  scope: 'gateway',
  block: undefined,
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    method_override: {
      status: 400,
      problem: 'malformed_message',
      title: 'Malformed message',
      event: 'malicious_extraneous',
    },
  },
  configure: configureTrustedHeaders,
  compile: (_config, _site, kit) => trustedHeadersGuard(kit),
}

const OVERRIDE: Denial = Object.freeze({
  reason: 'method_override',
  detail: 'a header asks for another method',
})

function trustedHeadersGuard(kit: Kit): Guard {
  const declared = declaredNames(kit)
  return {
    onRequest: (exchange) => {
      const { headers } = exchange.head
      if ((headers.known & FIELD.claim) === 0) return undefined
      let identity: string | undefined
      for (let index = 0; index < headers.size; index += 1) {
        const name = headers.nameAt(index)
        const kind = fieldKind(name)
        if (kind === 'override') return OVERRIDE
        if (kind === 'identity') identity ??= name
      }
      // Once a request, however many there are: a client must not be able to multiply lines of the log.
      if (identity !== undefined) noteIdentity(exchange, identity)
      return undefined
    },
    dropsRequestHeader: (name) =>
      isTrustField(name) || (isDroppedRequestField(name) && !declared.has(name)),
    onForward: writeAnew,
  }
}

/** Documents may name header fields with an underscore, such as `api_key`; those are theirs to receive. */
function declaredNames({ sites, apis }: Kit): ReadonlySet<string> {
  const parameters = sites.flatMap(({ operation }) => operation.parameters)
  const schemes = [...apis.values()].flatMap(({ model }) => [...model.securitySchemes.values()])
  return new Set([
    ...parameters.filter(({ place }) => place === 'header').map(({ name }) => name.toLowerCase()),
    ...schemes.flatMap((scheme) =>
      scheme.parameterName === undefined ? [] : [scheme.parameterName.toLowerCase()],
    ),
  ])
}

function fieldKind(name: string): 'override' | 'identity' | 'plain' {
  if (isMethodOverride(name)) return 'override'
  return isIdentityField(name) ? 'identity' : 'plain'
}

function isIdentityField(name: string): boolean {
  return name.startsWith('sallyport-') || name.startsWith('x-user') || name.startsWith('x_user')
}

function noteIdentity(exchange: Exchange, name: string): void {
  exchange.events.push({
    name: 'malicious_extraneous',
    level: 'warn',
    control: 'trusted-headers',
    reason: 'identity_header',
    detail: `client sent ${name}`,
  })
}

function writeAnew(exchange: Exchange, headers: string[]): void {
  const host = effectiveHost(exchange.head.headers, exchange.head.authority)
  headers.push(
    'x-forwarded-for',
    exchange.clientAddress,
    'x-forwarded-proto',
    exchange.isSecure ? 'https' : 'http',
    'x-forwarded-host',
    host?.text ?? '',
    'sallyport-request-id',
    exchange.id,
  )
}
