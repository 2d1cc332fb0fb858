/** One thing to try, on the shop's own port and through the gateway. */
export interface Try {
  readonly title: string
  readonly method: string
  readonly target: string
  /** Whose credential goes along. */
  readonly as: 'alice' | 'bob' | 'key' | 'nobody'
  readonly json?: string
  /** How often it is sent, the last answer counts; once unless said. */
  readonly times?: number
  /** Text in the shop's own answer that shows the attack worked; for honest calls, text that both answers hold. */
  readonly shows: string
  /** Status of the gateway's answer. */
  readonly expected: number
}

/** What works against careless code and fails against its document. */
export const ATTACKS: readonly Try[] = [
  {
    title: 'make yourself administrator (mass assignment)',
    method: 'PATCH',
    target: '/users/1',
    as: 'alice',
    json: '{"name":"Alice","isAdmin":true}',
    shows: '"isAdmin":true',
    expected: 422,
  },
  {
    title: 'read a password hash (undeclared field)',
    method: 'GET',
    target: '/users/1',
    as: 'alice',
    shows: '"passwordHash":"',
    expected: 200,
  },
  {
    title: 'make it show a stack trace',
    method: 'GET',
    target: '/products/4711',
    as: 'nobody',
    shows: '    at ',
    expected: 502,
  },
  {
    title: 'find the forgotten debug route',
    method: 'GET',
    target: '/debug/config',
    as: 'nobody',
    shows: 'SECRET',
    expected: 404,
  },
  {
    title: 'guess a password, as often as you like',
    method: 'POST',
    target: '/login',
    as: 'nobody',
    json: '{"email":"bob@shop.example","password":"guess-0001"}',
    times: 8,
    shows: '"',
    expected: 429,
  },
]

/** What must work on both, unchanged. */
export const HONEST: readonly Try[] = [
  {
    title: 'list products',
    method: 'GET',
    target: '/products?limit=2',
    as: 'nobody',
    shows: '"sku":"BK-0001"',
    expected: 200,
  },
  {
    title: 'read your own order',
    method: 'GET',
    target: '/orders/1',
    as: 'alice',
    shows: '"status":"shipped"',
    expected: 200,
  },
  {
    title: 'read it with an API key',
    method: 'GET',
    target: '/orders/1',
    as: 'key',
    shows: '"status":"shipped"',
    expected: 200,
  },
  {
    title: 'change your name',
    method: 'PATCH',
    target: '/users/2',
    as: 'bob',
    json: '{"name":"Bob Baker"}',
    shows: '"name":"Bob Baker"',
    expected: 200,
  },
]
