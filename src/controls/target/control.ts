import { canonicalQuery } from '../../http/query.ts'
import { canonicalTarget } from '../../http/target.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import { keyInUrlBurner } from '../key-in-url.ts'
import type { Kit } from '../kit.ts'
import { configureTarget } from './config.ts'
import type { TargetConfig } from './config.ts'

/** Brings the target into the one spelling that is judged and forwarded, or refuses it. */
export const target: Control<TargetConfig, Kit> = {
  name: 'target',
  ids: ['WIRE-05', 'WIRE-06', 'KEY-02'],
  stage: 'route',
  scope: 'gateway',
  block: undefined,
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    ambiguous_path: {
      status: 400,
      problem: 'ambiguous_path',
      title: 'Ambiguous path',
      event: 'sp_protocol_violation',
    },
    malformed_query: {
      status: 400,
      problem: 'invalid_parameter',
      title: 'Invalid parameter',
      event: 'input_validation_fail',
    },
  },
  configure: configureTarget,
  compile: (_config, _site, kit) => targetGuard(kit),
}

function targetGuard(kit: Kit): Guard {
  const { sites } = kit
  const parameters = sites.flatMap((site) => site.operation.parameters)
  const allowMatrix = parameters.some(({ style }) => style === 'matrix')
  const queries = parameters.filter(({ place }) => place === 'query')
  const declaredNames = new Set(queries.map(({ name }) => name))
  const burnKeys = keyInUrlBurner(kit)
  return {
    onRequest: (exchange) => {
      const found = canonicalTarget(exchange.head.rawTarget, { allowMatrix })
      if ('fault' in found) return { reason: 'ambiguous_path', detail: found.fault }
      exchange.path = found.path
      const query = canonicalQuery(found.query, declaredNames)
      if ('fault' in query) return { reason: 'malformed_query', detail: query.fault }
      exchange.query = query
      return undefined
    },
    // Where an operation is found, `authenticate` looks at its URL; a request without one ends before that.
    onEnd: (exchange) => {
      if (exchange.site === undefined) burnKeys(exchange)
    },
  }
}
