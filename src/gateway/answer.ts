import { problemJson } from '../http/problem.ts'
import type { Refusal } from '../pipeline/runner.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Answer } from './core.ts'
import { grpcRefusal } from './grpc.ts'
import type { HookLists } from './compile-hooks.ts'

const REQUEST_ID_HEADER = 'Sallyport-Request-Id'

/** The fields every answer carries: the request id, what guards add, what the exchange collected. */
export function answerHeaders(exchange: Exchange, hooks: HookLists): string[] {
  const headers: string[] = [REQUEST_ID_HEADER, exchange.id]
  for (const add of hooks.answer) addSafely(add, exchange, headers)
  for (const part of exchange.answerHeaders) headers.push(part)
  return headers
}

/** What is being said here is often a refusal: a defect in a field beside it must not unsay it. */
function addSafely(add: HookLists['answer'][number], exchange: Exchange, headers: string[]): void {
  try {
    add(exchange, headers)
  } catch (error) {
    exchange.events.push({
      name: 'sp_control_fault',
      level: 'critical',
      control: 'answer',
      reason: 'fault',
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
  }
}

/** A refusal as the client sees it: problem+json (RFC 9457) with the public class and the request id. */
export function refusalAnswer(exchange: Exchange, hooks: HookLists, refusal: Refusal): Answer {
  const { denial, spec } = refusal
  const status = denial.status ?? spec.status
  exchange.status = status
  const headers = answerHeaders(exchange, hooks)
  if (denial.headers !== undefined) headers.push(...denial.headers)
  const close = spec.close === true
  if (status < 400) {
    const { content } = denial
    if (content === undefined) return { status, headers, body: undefined, close }
    headers.push('Content-Type', content.mediaType)
    return { status, headers, body: content.body, close }
  }
  headers.push('Content-Type', 'application/problem+json; charset=utf-8')
  headers.push(...grpcRefusal(exchange, status, spec.title))
  return { status, headers, body: problemBody(exchange, refusal, status), close }
}

function problemBody(exchange: Exchange, { denial, spec }: Refusal, status: number): string {
  return problemJson({
    status,
    type: spec.problem,
    title: spec.title,
    requestId: exchange.id,
    ...(denial.errors === undefined ? {} : { errors: denial.errors }),
    ...(denial.violatedPolicies === undefined ? {} : { violatedPolicies: denial.violatedPolicies }),
  })
}
