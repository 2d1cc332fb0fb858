import type { Control, Guard } from '../../pipeline/control.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { configureLookups } from './config.ts'
import type { LookupsConfig } from './config.ts'
import { idsLookedUp } from './looked-up.ts'

/** RFC 9110 section 9.2.1: these change nothing. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** Forgets what was looked up for the ids of a call that changes something. */
export const lookups: Control<LookupsConfig, Kit> = {
  name: 'lookups',
  ids: ['AZN-04'],
  stage: 'record',
  scope: 'operation',
  block: 'authorize',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {},
  configure: configureLookups,
  compile: (_config, site, { found }) =>
    site === undefined || found === undefined ? undefined : forgettingGuard(site, found),
}

function forgettingGuard({ operation }: Site, found: NonNullable<Kit['found']>): Guard | undefined {
  if (SAFE.has(operation.method)) return undefined
  return {
    // After the API has answered, or was left alone: nothing is remembered that was read meanwhile.
    onEnd: (exchange) => {
      for (const id of idsOf(exchange)) found.forget(id)
    },
  }
}

/** The ids of a call as far as they are known: what stands in its path, and what its rules looked up. */
function idsOf(exchange: Exchange): ReadonlySet<string> {
  const ids = new Set(idsLookedUp(exchange))
  for (const value of Object.values(exchange.parameters?.path ?? {}))
    if (typeof value === 'string' || typeof value === 'number') ids.add(String(value))
  // Where parameters are not read, their texts are still there.
  for (const text of exchange.pathValues) ids.add(decoded(text))
  return ids
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // no id that was looked up
  }
}
