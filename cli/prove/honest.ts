import { randomBytes } from 'node:crypto'
import type { ProofRequest } from '../../src/pipeline/proof.ts'
import { AttackRange } from './attack-range.ts'
import type { Range } from './range.ts'
import { checkRow } from './result.ts'
import type { ProofRow } from './result.ts'

/** Number of the honest caller among the attackers of a range: none of them has its addresses. */
const HONEST_INDEX = 40_000

/** A gateway that refuses everything would stop every attack: honest calls must pass on the same range. */
export async function proveHonestCalls(range: Range): Promise<readonly ProofRow[]> {
  const caller = new AttackRange(range, HONEST_INDEX)
  const scoped = await caller.newKey({ scopes: ['prove:read'] })
  const imported = await caller.importKey(randomBytes(24).toString('hex'))
  const calls: readonly (readonly [name: string, request: ProofRequest])[] = [
    ['a public operation', { target: '/public', credential: 'none' }],
    ['a key, path and query parameters', { target: '/items/7?limit=10&sort=name' }],
    ['HTTP/2', { target: '/items/7', via: 'h2' }],
    ['a JSON body', post('/items', { name: 'a', amount: 3, lines: [{ sku: 's' }] })],
    ['a form', form('/forms', 'name=a&size=3')],
    ['a log-in', { ...post('/login', { email: 'a@b.test', password: 'p' }), credential: 'none' }],
    ['a key with its scope', { target: '/scoped', credential: scoped.text }],
    ['a key of another system', { target: '/items/7', credential: imported.text }],
    ['a token', { target: '/token', credential: 'none', headers: bearer(caller.token()) }],
    ['a cookie from our own page', { ...post('/page-action', undefined), ...ownPage() }],
    ['a public URL in a body', post('/hooks', { callbackUrl: 'https://example.com/hook' })],
  ]
  const rows: ProofRow[] = []
  for (const [name, request] of calls) rows.push(await honestRow(caller, name, request))
  return rows
}

function post(target: string, body: unknown): ProofRequest {
  return { method: 'POST', target, body }
}

function form(target: string, body: string): ProofRequest {
  const headers = ['Content-Type', 'application/x-www-form-urlencoded']
  return { method: 'POST', target, headers, body }
}

function bearer(token: string): readonly string[] {
  return ['Authorization', `Bearer ${token}`]
}

function ownPage(): Pick<ProofRequest, 'credential' | 'headers'> {
  const headers = ['Cookie', 'prove_session=mine', 'Sec-Fetch-Site', 'same-origin']
  return { credential: 'none', headers }
}

async function honestRow(
  caller: AttackRange,
  name: string,
  request: ProofRequest,
): Promise<ProofRow> {
  const startedAt = performance.now()
  const { status, body } = await caller.send(request)
  const fault = status === 200 ? undefined : `answered ${status} ${body.slice(0, 200)}`
  const about = { kind: 'honest', id: '', name: `an honest call passes: ${name}` } as const
  return checkRow(about, fault, Math.round(performance.now() - startedAt))
}
