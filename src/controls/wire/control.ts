import { checkHead, isOrdinaryHead, servedMethods, STANDARD_METHODS } from '../../http/head.ts'
import type { WireFault, WireReason } from '../../http/head.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial, ReasonSpec } from '../../pipeline/denial.ts'
import type { Kit } from '../kit.ts'
import { configureWire } from './config.ts'
import type { WireConfig } from './config.ts'

const MALFORMED: ReasonSpec = {
  status: 400,
  problem: 'malformed_message',
  title: 'Malformed message',
  event: 'sp_protocol_violation',
  close: true,
}

const REASONS: Readonly<Record<WireReason | 'method_refused', ReasonSpec>> = {
  framing: MALFORMED,
  host: MALFORMED,
  hop_by_hop: MALFORMED,
  header_name: MALFORMED,
  header_value: MALFORMED,
  header_duplicate: MALFORMED,
  h2: MALFORMED,
  http_version: { ...MALFORMED, status: 505, problem: 'version', title: 'HTTP version not served' },
  method: { ...MALFORMED, status: 501, problem: 'method', title: 'Method not recognized' },
  method_refused: {
    ...MALFORMED,
    status: 405,
    problem: 'method_not_allowed',
    title: 'Method not allowed',
  },
  target_too_long: {
    ...MALFORMED,
    status: 414,
    problem: 'too_long',
    title: 'Request target too long',
  },
  header_limit: {
    ...MALFORMED,
    status: 431,
    problem: 'too_large',
    title: 'Header fields too large',
  },
  expect: { ...MALFORMED, status: 417, problem: 'expectation', title: 'Expectation failed' },
}

/** Refuses what the platform's parsers let pass: ambiguous framing, two hosts, odd names, sizes. */
export const wire: Control<WireConfig, Kit> = {
  name: 'wire',
  ids: ['WIRE-01', 'WIRE-02', 'WIRE-03', 'WIRE-04', 'WIRE-07', 'WIRE-09'],
  stage: 'admit',
  scope: 'gateway',
  block: undefined,
  adopt: 'enforce',
  onFault: 'deny',
  reasons: REASONS,
  configure: configureWire,
  compile: (_config, _site, kit) => wireGuard(kit),
}

function wireGuard(kit: Kit): Guard {
  const declared = new Set(kit.sites.map((site) => site.operation.method))
  const methods = new Set([...STANDARD_METHODS, ...declared])
  const served = servedMethods(methods)
  const protectedFields = keyFields(kit)
  // Nothing is known of the path yet, so `Allow` names what is served anywhere (RFC 9110 section 15.5.6).
  if (declared.has('GET')) declared.add('HEAD')
  const allow = ['Allow', [...declared].toSorted().join(', ')]
  const isVerified = (value: string): boolean => kit.tokens.hasField(value)
  return {
    onRequest: ({ head }) => {
      if (isOrdinaryHead(head, served)) return undefined
      const { method, rawTarget, httpVersion, headers, authority } = head
      const fault = checkHead({
        method,
        rawTarget,
        httpVersion,
        headers,
        methods,
        protectedFields,
        authority,
        isVerified,
        transport: httpVersion.startsWith('2') ? 'http2' : 'http1',
      })
      return fault === undefined ? undefined : denialOf(fault, allow)
    },
  }
}

/** Fields that carry keys: a client must not be able to have them removed by naming them in `Connection`. */
function keyFields({ apis }: Kit): ReadonlySet<string> {
  const schemes = [...apis.values()].flatMap(({ model }) => [...model.securitySchemes.values()])
  return new Set(
    schemes.flatMap(({ place, parameterName }) =>
      place === 'header' && parameterName !== undefined
        ? [parameterName.toLowerCase().replaceAll('_', '-')]
        : [],
    ),
  )
}

function denialOf({ reason, detail, status }: WireFault, allow: readonly string[]): Denial {
  if (status === 405) return { reason: 'method_refused', detail, headers: allow }
  return { reason, detail, status }
}
