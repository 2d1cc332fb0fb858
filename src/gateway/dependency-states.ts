import type { TokenService } from '../identity/tokens/service.ts'
import type { SoleNeeds } from '../controls/authenticate/sole-needs.ts'
import type { PlaceDatabase } from '../store/places/place-database.ts'
import type { SinkState } from '../telemetry/sink.ts'
import type { Settings } from './config/settings.ts'
import type { ClockState } from './clock-watch.ts'
import type { Dependencies, Dependency } from './dependencies.ts'

/** What is known besides the settings. */
export interface DependencyFacts {
  readonly heard: Pick<Dependencies, 'isUp' | 'awayForMs' | 'isWarmDue'>
  readonly tokens: Pick<TokenService, 'issuersWithoutKeys' | 'warm'>
  /** `undefined`: no database of countries is configured. */
  readonly places: Pick<PlaceDatabase, 'isUsable'> | undefined
  readonly sinks: readonly SinkState[]
  readonly clock: ClockState
  readonly needs: SoleNeeds
  readonly nowMs: number
}

/** For so long keys are served that were looked up before (CONTROLS 3.3). */
const HELD_MS = 60_000

/**
 * Names everything this process depends on, with its state and what it closes (CONTROLS 3.3). Secrets were read at the
 * start and are held until the end, so that they are always up.
 */
export function dependencyStates(settings: Settings, facts: DependencyFacts): Dependency[] {
  const { store, auth, blocks, logs } = settings
  const { heard, tokens, places, sinks, nowMs } = facts
  // Where other threads serve, no token comes here that would fetch the keys of its issuer.
  if (heard.isWarmDue(nowMs)) void tokens.warm(nowMs)
  const states: Dependency[] = [
    { name: 'store', isUp: heard.isUp('store'), closes: storeCloses(store, facts) },
    { name: 'counters', isUp: heard.isUp('counters'), closes: countersClose(settings) },
    { name: 'secrets', isUp: true, closes: 'nothing' },
    {
      name: 'log',
      isUp: heard.isUp('log'),
      closes: logs.whenFull === 'closed' ? 'all' : 'nothing',
    },
    { name: 'clock', isUp: facts.clock === 'good', closes: clockCloses(facts) },
  ]
  const missing = new Set(tokens.issuersWithoutKeys(nowMs))
  for (const { issuer } of auth.issuers)
    states.push({ name: `issuer ${issuer}`, isUp: !missing.has(issuer), closes: 'some' })
  if (places !== undefined) {
    const countries = blocks.network?.countries
    const isClosed = countries?.allow !== undefined || countries?.onMissing === 'deny'
    states.push({ name: 'geo', isUp: places.isUsable(nowMs), closes: isClosed ? 'all' : 'some' })
  }
  for (const { name, isUp } of sinks) states.push({ name: `log ${name}`, isUp, closes: 'nothing' })
  return states
}

function countersClose({ counters, blocks }: Settings): Dependency['closes'] {
  if (counters.kind === 'memory') return 'nothing'
  if (counters.whenAway === 'closed') return 'all'
  return blocks.limits.whenStoreFails === 'strict' ? 'some' : 'nothing'
}

/** Whoever was known is served for a while; then a node that only knows keys knows nobody. */
function storeCloses(
  { kind }: Settings['store'],
  { heard, needs }: DependencyFacts,
): Dependency['closes'] {
  if (kind === 'memory') return 'nothing'
  return needs.keys && heard.awayForMs('store') > HELD_MS ? 'all' : 'some'
}

/** While another time is held nothing is refused. */
function clockCloses({ clock, needs }: DependencyFacts): Dependency['closes'] {
  if (clock === 'held') return 'nothing'
  return needs.tokens ? 'all' : 'some'
}
