import { canonicalQuery } from '../../http/query.ts'
import type { CanonicalQuery } from '../../http/query.ts'
import { canonicalTarget } from '../../http/target.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import { TargetNotes } from '../../pipeline/target-notes.ts'
import { keyInUrlBurner } from '../key-in-url.ts'
import type { Kit } from '../kit.ts'
import { configureTarget } from './config.ts'
import type { TargetConfig } from './config.ts'
import { SeenTargets } from './seen-targets.ts'

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
  const seen = new SeenTargets<TargetNotes>()
  const rules: TargetRules = { allowMatrix, declaredNames }
  const notesOf = (own: string): TargetNotes | undefined => {
    const { path, query, denial } = readTarget(own, rules)
    return denial === undefined ? new TargetNotes(path, query) : undefined
  }
  return {
    onRequest: (exchange) => {
      const { rawTarget } = exchange.head
      const notes = seen.of(rawTarget) ?? seen.came(rawTarget, notesOf)
      if (notes !== undefined) {
        exchange.targetNotes = notes
        exchange.path = notes.path
        exchange.query = notes.query
        return undefined
      }
      const { path, query, denial } = readTarget(rawTarget, rules)
      exchange.path = path
      exchange.query = query
      return denial
    },
    // Where an operation is found, `authenticate` looks at its URL; a request without one ends before that.
    onEnd: (exchange) => {
      if (exchange.site === undefined) burnKeys(exchange)
    },
  }
}

interface TargetRules {
  readonly allowMatrix: boolean
  readonly declaredNames: ReadonlySet<string>
}

/** A target in its one spelling, as far as it has one. */
interface ReadTarget {
  readonly path: string
  readonly query: CanonicalQuery
  readonly denial: Denial | undefined
}

const NO_QUERY: CanonicalQuery = Object.freeze({ text: '', pairs: Object.freeze([]) })

/** A function of the target's characters alone: what it finds is kept. */
function readTarget(rawTarget: string, { allowMatrix, declaredNames }: TargetRules): ReadTarget {
  const found = canonicalTarget(rawTarget, { allowMatrix })
  if ('fault' in found)
    return {
      path: '',
      query: NO_QUERY,
      denial: { reason: 'ambiguous_path', detail: found.fault },
    }
  const { path } = found
  const query = canonicalQuery(found.query, declaredNames)
  if ('fault' in query)
    return { path, query: NO_QUERY, denial: { reason: 'malformed_query', detail: query.fault } }
  return { path, query, denial: undefined }
}
