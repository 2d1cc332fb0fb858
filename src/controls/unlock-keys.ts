import type { Rate } from '../base/units.ts'
import { addressKey } from '../base/cidr.ts'
import type { UnlockSubject } from '../identity/unlock-subject.ts'
import type { Site } from '../pipeline/site.ts'
import { isAuthOperation } from './auth-zone/is-auth-operation.ts'
import { shapeOf } from './limit-policies.ts'
import { keyOfParts } from './operation-limit/limit-key.ts'
import { penaltyKeys } from './penalty-record.ts'
import { riskKeys } from './risk-book.ts'

/** Every key under which a subject may be counted out: by failures, errors, penalties, locks and rates. */
export function unlockKeys(subject: UnlockSubject, sites: readonly Site[]): readonly string[] {
  const { address, account, principal } = subject
  const client = address === undefined ? undefined : addressKey(address)
  return [
    ...(client === undefined ? [] : addressKeys(client)),
    ...(account === undefined ? [] : accountKeys(account, client, sites)),
    ...(principal === undefined ? [] : principalKeys(principal, sites)),
  ]
}

function addressKeys(client: string): string[] {
  const counted = ['ip', 'fail', 'fail-crowd', 'errors', 'walk', 'auth-zone']
  return [...counted.map((kind) => `${kind}:${client}`), ...penaltyKeys(client)]
}

function accountKeys(
  account: string,
  client: string | undefined,
  sites: readonly Site[],
): string[] {
  return sites
    .filter(({ operation }) => isAuthOperation(operation))
    .flatMap(({ label }) => {
      const key = keyOfParts([{ value: account }])
      const own = ['auth-lock', 'auth-all', 'op'].map((kind) => `${kind}:${label}:${key}`)
      if (client === undefined) return own
      const source = keyOfParts([{ ip: client }, { value: account }])
      return [
        ...own,
        ...['auth-row', 'auth-wait', 'op', 'auth'].map((kind) => `${kind}:${label}:${source}`),
      ]
    })
}

function principalKeys(id: string, sites: readonly Site[]): string[] {
  const rates = sites.flatMap(({ policy: { limits } }): readonly Rate[] => [
    ...(limits.principal === undefined ? [] : [limits.principal]),
    ...[...limits.plans.values()].flat(),
  ])
  const shapes = new Set(rates.map(shapeOf))
  return [
    `walk:${id}`,
    ...penaltyKeys(id),
    // What a key is called is what its credential is called.
    ...riskKeys(`credential:${id}`),
    ...[...shapes].map((shape) => `principal:${shape}:${id}`),
  ]
}
