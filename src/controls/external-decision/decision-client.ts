import { Agent, request } from 'undici'
import { parseJsonStrict } from '../../http/json-scan.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { DecisionPoint } from '../../pipeline/policy.ts'

/** What a decision point says; `away`: nothing that could be understood, in time. */
export type Decision =
  | { readonly kind: 'yes' }
  | { readonly kind: 'no' }
  | { readonly kind: 'away'; readonly detail: string }

/** The request that is asked about. */
export type Asker = Pick<Exchange, 'id' | 'signal'>

const MAX_ANSWER_BYTES = 65_536
/** Questions under way; more would only wait behind a decision point that does not answer. */
const MAX_PENDING = 256
/** Answers that are remembered, where that is wanted. */
const MAX_REMEMBERED = 10_000
const MAX_REMEMBERED_CHARS = 8192
const CONNECTIONS = 32

const YES: Decision = Object.freeze({ kind: 'yes' })
const NO: Decision = Object.freeze({ kind: 'no' })

/** Asks one decision point. Its connections are kept while they are used. */
export class DecisionClient {
  readonly #point: DecisionPoint
  readonly #headers: Record<string, string>
  /** Question -> until when a yes holds, in the order in which they were said. */
  readonly #remembered = new Map<string, number>()
  #agent: Agent | undefined
  #pending = 0

  constructor(point: DecisionPoint) {
    this.#point = point
    this.#headers = { 'content-type': 'application/json', accept: 'application/json' }
    if (point.token !== undefined) this.#headers['authorization'] = `Bearer ${point.token.reveal()}`
  }

  /** A yes to the same question that is still remembered. A no never is. */
  remembers(question: string, nowMs: number): boolean {
    const untilMs = this.#remembered.get(question)
    if (untilMs === undefined) return false
    if (untilMs > nowMs) return true
    this.#remembered.delete(question)
    return false
  }

  /**
   * Asks, within the configured time in all. Never rejects.
   * @param asker the request: its `id` is for the log of the decision point, its `signal` ends the question.
   */
  async ask(question: string, asker: Asker, nowMs: number): Promise<Decision> {
    if (this.#pending >= MAX_PENDING)
      return { kind: 'away', detail: `${MAX_PENDING} questions wait already` }
    this.#pending += 1
    try {
      const decision = await this.#ask(question, asker)
      if (decision.kind === 'yes') this.#remember(question, nowMs)
      return decision
    } catch (error) {
      const why = error instanceof Error ? `${error.name} ${error.message}` : String(error)
      return { kind: 'away', detail: why.slice(0, 300) }
    } finally {
      this.#pending -= 1
    }
  }

  async #ask(question: string, { id, signal: unwanted }: Asker): Promise<Decision> {
    const { url, timeoutMs } = this.#point
    // One deadline for connecting, asking and reading; no redirect is followed.
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), unwanted])
    this.#agent ??= new Agent({ connections: CONNECTIONS, connect: { timeout: timeoutMs } })
    const { statusCode, headers, body } = await request(url, {
      dispatcher: this.#agent,
      method: 'POST',
      headers: { ...this.#headers, 'x-request-id': id },
      body: question,
      signal,
    })
    const bytes = await readAll(body)
    if (statusCode !== 200) return { kind: 'away', detail: `status ${statusCode}` }
    if (!/^application\/(?:[a-z0-9.-]+\+)?json *(?:;|$)/i.test(String(headers['content-type'])))
      return { kind: 'away', detail: 'the answer is no JSON' }
    return this.#point.kind === 'opa' ? opaDecision(bytes) : authzenDecision(bytes)
  }

  #remember(question: string, nowMs: number): void {
    const { cacheMs } = this.#point
    if (cacheMs === 0 || question.length > MAX_REMEMBERED_CHARS) return
    this.#remembered.delete(question)
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size >= MAX_REMEMBERED && oldest !== undefined)
      this.#remembered.delete(oldest)
    this.#remembered.set(question, nowMs + cacheMs)
  }
}

async function readAll(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function objectIn(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  const parsed = parseJsonStrict(bytes)
  const value: unknown = 'value' in parsed ? parsed.value : undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return value as Readonly<Record<string, unknown>>
}

function own(value: object | undefined, name: string): unknown {
  return value !== undefined && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

/** AuthZEN 1.0 section 6.2: `decision` is true or false. */
function authzenDecision(bytes: Buffer): Decision {
  const decision = own(objectIn(bytes), 'decision')
  if (typeof decision !== 'boolean') return { kind: 'away', detail: 'the answer has no decision' }
  return decision ? YES : NO
}

/** OPA's data API: `result` is true, or an object with `allow`. Without a result the rule is undefined, and that is no. */
function opaDecision(bytes: Buffer): Decision {
  const answer = objectIn(bytes)
  if (answer === undefined) return { kind: 'away', detail: 'the answer is no object' }
  const result = own(answer, 'result')
  const allow = typeof result === 'object' && result !== null ? own(result, 'allow') : result
  if (typeof allow === 'boolean') return allow ? YES : NO
  return result === undefined
    ? NO
    : { kind: 'away', detail: 'the result is neither true nor false' }
}
