import { HeaderTable } from '../../http/header-table.ts'
import type { Principal } from '../../identity/principal.ts'
import { Exchange } from '../exchange.ts'
import type { ClientCertificate, ClientPlace, RequestHead } from '../exchange.ts'
import type { ConditionScope } from './scope.ts'
import { ANY, BOOL, INT, STRING, STRINGS } from './value-type.ts'
import type { ValueType } from './value-type.ts'

/** What a request of a test holds; nothing unless said. */
export interface Facts {
  readonly principal?: Partial<Principal>
  readonly path?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  readonly address?: string
  readonly nowMs?: number
  readonly tls?: RequestHead['tls']
  readonly certificate?: ClientCertificate
  readonly place?: ClientPlace
}

const object = (fields: Readonly<Record<string, ValueType>>, isOpen = false): ValueType => ({
  kind: 'object',
  fields: new Map(Object.entries(fields)),
  isOpen,
})

/** An operation with one name of every kind. */
export const SCOPE: ConditionScope = {
  label: 'PATCH /users/{userId}/{number}',
  path: new Map([
    ['userId', STRING],
    ['number', INT],
  ]),
  query: new Map<string, ValueType>([
    ['tags', STRINGS],
    ['open', BOOL],
  ]),
  header: new Map([['x-tenant', STRING]]),
  cookie: new Map(),
  body: object({
    owner: STRING,
    count: INT,
    price: { kind: 'number' },
    ids: { kind: 'list', item: INT },
    card: object({ holder: STRING }),
    items: { kind: 'list', item: ANY },
    free: object({}, true),
  }),
  response: undefined,
  tenantClaim: ['tenant'],
  clients: { asksCertificates: true, knowsPlaces: true },
}

/** A request whose parameters and body were read. */
export function exchangeWith(facts: Facts): Exchange {
  const exchange = new Exchange('1', headOf(facts), facts.nowMs ?? 0)
  const claims = Object.assign(Object.create(null), facts.principal?.claims)
  exchange.principal = { ...exchange.principal, ...facts.principal, claims }
  exchange.clientAddress = facts.address ?? ''
  const { place } = facts
  if (place !== undefined) exchange.placeOfClient = () => place
  exchange.parameters = {
    path: facts.path ?? {},
    query: facts.query ?? {},
    header: facts.header ?? {},
    cookie: {},
  }
  exchange.body = facts.body
  exchange.hasBodyValue = facts.body !== undefined
  return exchange
}

function tlsOf({ tls, certificate }: Facts): RequestHead['tls'] {
  if (certificate === undefined) return tls
  return { protocol: 'TLSv1.3', cipher: '', servername: undefined, ...tls, certificate }
}

function headOf(facts: Facts): RequestHead {
  return {
    method: 'PATCH',
    rawTarget: '/',
    httpVersion: '1.1',
    headers: new HeaderTable([]),
    authority: undefined,
    peerAddress: '203.0.113.7',
    peerPort: 1,
    listener: 'https',
    tls: tlsOf(facts),
    hasBody: true,
  }
}
