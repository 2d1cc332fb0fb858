import { suite, test } from 'node:test'
import { ANONYMOUS } from '../../identity/principal.ts'
import { ANY_NETWORK } from '../../pipeline/network-policy.ts'
import type { NetworkPolicy } from '../../pipeline/network-policy.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { operationNetwork } from './control.ts'

type Row = [
  name: string,
  rules: Partial<NetworkPolicy>,
  caller: { readonly peer: string; readonly roles?: readonly string[] },
  reason: string | undefined,
]

const ADMINS: Partial<NetworkPolicy> = { roles: new Map([['admin', ['10.8.0.0/16']]]) }
const OFFICE: Partial<NetworkPolicy> = {
  operation: {
    addresses: { allow: ['198.51.100.0/24'], deny: ['198.51.100.66'] },
    countries: undefined,
  },
}
const GERMANS: Partial<NetworkPolicy> = {
  operation: {
    addresses: { allow: [], deny: [] },
    countries: { allow: ['DE'], deny: [], onMissing: 'deny', status: 403 },
  },
}

const ROWS: readonly Row[] = [
  ['lets a role in from its network', ADMINS, { peer: '10.8.1.1', roles: ['admin'] }, undefined],
  ['refuses a role from elsewhere', ADMINS, { peer: '10.9.1.1', roles: ['admin'] }, 'role_network'],
  [
    'refuses it whatever other role the caller has',
    ADMINS,
    { peer: '10.9.1.1', roles: ['reader', 'admin'] },
    'role_network',
  ],
  ['leaves other roles alone', ADMINS, { peer: '10.9.1.1', roles: ['reader'] }, undefined],
  ['lets in who may call the operation', OFFICE, { peer: '198.51.100.7' }, undefined],
  ['refuses who may not', OFFICE, { peer: '203.0.113.7' }, 'operation_network'],
  ['deny wins', OFFICE, { peer: '198.51.100.66' }, 'operation_network'],
  ['refuses a country that cannot be told', GERMANS, { peer: '198.51.100.7' }, 'region'],
]

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  paths: { '/orders': { get: { operationId: 'listOrders', responses: {} } } },
}

suite('operation-network', () => {
  for (const [name, rules, { peer, roles = [] }, reason] of ROWS) {
    test(name, async () => {
      const policy = { network: { ...ANY_NETWORK, ...rules } }
      const guard = new Bench({ document: DOCUMENT, policy }).guard(operationNetwork, 'listOrders')
      const principal = { ...ANONYMOUS, roles }
      assertRefused(await guard.request(exchangeOf({ peer, principal })), reason, 403)
    })
  }

  test('the rows reach every reason', () =>
    assertEveryReason(
      operationNetwork,
      ROWS.map((row) => row[3]),
    ))
})
