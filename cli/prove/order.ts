import { AttackRange } from './attack-range.ts'
import type { Range } from './range.ts'
import { checkRow } from './result.ts'
import type { ProofRow } from './result.ts'

/** Number of the sender among the attackers of a range: none of them has its addresses. */
const ORDER_INDEX = 40_001

/** A request in parts, each of which may break a rule of another stage. */
interface Parts {
  readonly host: readonly string[]
  readonly override: readonly string[]
  readonly target: string
  readonly credential: readonly string[]
  readonly query: string
  readonly type: string
  readonly body: string
}

/** One step: what is wrong up to here, who refuses it, and what is then put right. */
interface Step {
  readonly stage: string
  readonly id: string
  readonly status: number
  /** Last part of the problem type. */
  readonly problem: string
  readonly repair: Partial<Parts>
}

/**
 * One request that breaks a rule at every stage is refused by the earliest; with each violation taken away the refusal
 * moves down the list (CONTROLS 3.1).
 */
export async function proveOrder(range: Range): Promise<readonly ProofRow[]> {
  const sender = new AttackRange(range, ORDER_INDEX)
  range.sink.answer({ status: 500, headers: ['Content-Type', 'application/json'], body: '{}' })
  const noScope = await sender.newKey()
  const scoped = await sender.newKey({ scopes: ['prove:order'] })
  let parts = BROKEN
  const rows: ProofRow[] = []
  for (const step of steps(noScope.text, scoped.text)) {
    rows.push(await stepRow(sender, step, parts))
    parts = { ...parts, ...step.repair }
  }
  return rows
}

const BROKEN: Parts = {
  host: ['Host: evil.example', 'Host: other.example'],
  override: ['X-HTTP-Method-Override: DELETE'],
  target: '/order/%2e%2e/x',
  credential: [],
  query: '?limit=0',
  type: 'text/plain',
  body: '{"callbackUrl":"https://127.0.0.1/","note":1,"note":2}',
}

function steps(noScope: string, scoped: string): readonly Step[] {
  return [
    step('wire: two hosts', 'WIRE-02', [400, 'malformed_message'], {
      host: ['Host: evil.example'],
    }),
    step('host', 'TRN-06', [421, 'misdirected'], { host: ['Host: localhost'] }),
    step('trust headers', 'WIRE-08', [400, 'malformed_message'], { override: [] }),
    step('canonical target', 'WIRE-05', [400, 'ambiguous_path'], { target: '/no-such-path' }),
    step('route', 'RTE-01', [404, 'not_found'], { target: '/old' }),
    step('life cycle', 'RTE-05', [410, 'gone'], { target: '/order' }),
    step('authentication', 'AUN-01', [401, 'credential_required'], {
      credential: [`X-API-Key: ${noScope}`],
    }),
    step('authorization', 'AZN-03', [403, 'insufficient_scope'], {
      credential: [`X-API-Key: ${scoped}`],
    }),
    step('parameters', 'VAL-01', [400, 'invalid_parameter'], { query: '?limit=1' }),
    step('media type', 'VAL-04', [415, 'media_type'], { type: 'application/json' }),
    step('JSON', 'VAL-05', [400, 'malformed_body'], {
      body: '{"callbackUrl":"https://127.0.0.1/","note":1}',
    }),
    step('schema', 'VAL-01', [422, 'invalid_body'], {
      body: '{"callbackUrl":"https://127.0.0.1/"}',
    }),
    step('URL fields', 'VAL-07', [422, 'invalid_body'], {
      body: '{"callbackUrl":"https://example.com/"}',
    }),
    step('the API’s answer', 'OUT-07', [502, 'bad_gateway'], {}),
  ]
}

function step(
  stage: string,
  id: string,
  [status, problem]: readonly [number, string],
  repair: Partial<Parts>,
): Step {
  return { stage, id, status, problem, repair }
}

async function stepRow(sender: AttackRange, step: Step, parts: Parts): Promise<ProofRow> {
  const startedAt = performance.now()
  const text = await sender.raw(messageOf(parts, sender.base))
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)
  const problem = /"type":"[^"]*?([a-z_]+)"/.exec(text)?.[1] ?? ''
  const isRight = status === step.status && problem === step.problem
  const fault = isRight
    ? undefined
    : `answered ${status} ${problem} in place of ${step.status} ${step.problem}`
  const name = `with everything wrong from here on, the first to refuse is: ${step.stage}`
  return checkRow(
    { kind: 'order', id: step.id, name },
    fault,
    Math.round(performance.now() - startedAt),
  )
}

function messageOf(parts: Parts, base: string): string {
  const { host, override, credential, target, query, type, body } = parts
  return [
    `POST ${base}${target}${query} HTTP/1.1`,
    ...host,
    ...override,
    ...credential,
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}
