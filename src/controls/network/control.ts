import { memo } from '../../base/memo.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { SecurityEvent } from '../../pipeline/exchange.ts'
import type { NetworkPolicy } from '../../pipeline/network-policy.ts'
import type { Kit } from '../kit.ts'
import {
  addressJudge,
  addressSet,
  countryJudge,
  NETWORK_REASON,
  REGION_REASON,
} from '../network-rules.ts'
import type { JudgeAddress } from '../network-rules.ts'
import type { Place } from '../../store/places/place-database.ts'
import { configureNetwork } from './config.ts'

/** Turns away addresses that may not come at all, before anything is done for them. */
export const network: Control<NetworkPolicy, Kit> = {
  name: 'network',
  ids: ['NET-02', 'NET-03'],
  stage: 'admit',
  scope: 'gateway',
  block: 'network',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    network: NETWORK_REASON,
    listener_network: NETWORK_REASON,
    listed_address: NETWORK_REASON,
    region: REGION_REASON,
  },
  configure: configureNetwork,
  compile: (policy, _site, kit) => networkGuard(policy, kit),
}

const NETWORK: Denial = Object.freeze({ reason: 'network' })
const LISTENER: Denial = Object.freeze({ reason: 'listener_network' })

/** Addresses whose verdict is remembered: lists change only with the plan. */
const REMEMBERED = { maxEntries: 8192, maxChars: 64 }

function networkGuard(policy: NetworkPolicy, kit: Kit): Guard {
  const mayComeTo = {
    https: listenerJudge(policy, 'https'),
    http: listenerJudge(policy, 'http'),
  }
  const verdictOf = memo(verdictFinder(policy), REMEMBERED)
  const judgeCountry = countryJudge(policy.countries, kit)
  const { places } = kit
  const placeOf = places && ((address: string): Place => places.find(address))
  return {
    onRequest: (exchange) => {
      const { clientAddress } = exchange
      exchange.placeOfClient = placeOf
      const { denial, notes } = verdictOf(clientAddress)
      if (denial !== undefined) return denial
      if (mayComeTo[exchange.head.listener]?.(clientAddress) === false) return LISTENER
      for (const note of notes) exchange.events.push(note)
      return judgeCountry?.(exchange)
    },
  }
}

function listenerJudge(
  { listeners }: NetworkPolicy,
  listener: 'https' | 'http',
): JudgeAddress | undefined {
  const rule = listeners.get(listener)
  return rule && addressJudge(rule)
}

/** What the rules for all ports make of an address. */
interface Verdict {
  readonly denial: Denial | undefined
  readonly notes: readonly SecurityEvent[]
}

function verdictFinder({ addresses, lists }: NetworkPolicy): (address: string) => Verdict {
  const mayCome = addressJudge(addresses)
  return (address) => {
    if (mayCome?.(address) === false) return { denial: NETWORK, notes: [] }
    const on = lists.filter((list) => addressSet(list.addresses).hasInside(address))
    const denier = on.find(({ action }) => action === 'deny')
    return {
      denial: denier && listedDenial(denier.name),
      notes: on.filter(({ action }) => action === 'note').map(({ name }) => listedEvent(name)),
    }
  }
}

function listedDenial(name: string): Denial {
  return Object.freeze({ reason: 'listed_address', detail: `on the list ${name}` })
}

function listedEvent(name: string): SecurityEvent {
  const detail = `on the list ${name}`
  return Object.freeze({
    name: 'sp_listed_address',
    level: 'warn',
    control: 'network',
    reason: 'listed_address',
    detail,
  })
}
