import { checkHead, STANDARD_METHODS } from '../../http/head.ts'
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

const REASONS: Readonly<Record<WireReason, ReasonSpec>> = {
  framing: MALFORMED,
  host: MALFORMED,
  hop_by_hop: MALFORMED,
  header_name: MALFORMED,
  header_value: MALFORMED,
  header_duplicate: MALFORMED,
  h2: MALFORMED,
  http_version: { ...MALFORMED, status: 505, problem: 'version', title: 'HTTP version not served' },
  method: { ...MALFORMED, status: 501, problem: 'method', title: 'Method not recognized' },
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
  const methods = new Set([...STANDARD_METHODS, ...kit.sites.map((site) => site.operation.method)])
  return {
    onRequest: ({ head }) => {
      const transport = head.httpVersion.startsWith('2') ? 'http2' : 'http1'
      const { authority, ...rest } = head
      return denialOf(
        checkHead({
          ...rest,
          methods,
          transport,
          ...(authority === undefined ? {} : { authority }),
        }),
      )
    },
  }
}

function denialOf(fault: WireFault | undefined): Denial | undefined {
  if (fault === undefined) return undefined
  return { reason: fault.reason, detail: fault.detail, status: fault.status }
}
