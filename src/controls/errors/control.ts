import { isJson } from '../../http/media-type.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import { SIGN_ERROR } from '../../openapi/kernel/verdict.ts'
import type { Site } from '../../pipeline/site.ts'
import { answerPassOf } from '../answer-pass.ts'
import { answerType } from '../answer-type.ts'
import { configureErrors } from './config.ts'
import type { ErrorsConfig } from './config.ts'
import { showsError } from './error-members.ts'
import { eventWatch } from './event-watch.ts'
import { leaksInError, leaksInternals } from './leak-pattern.ts'

const SANITIZED = { event: 'sp_error_sanitized' } as const

/** Replaces the API's own failures by generic problems: the text goes to the log, the id connects both. */
export const errors: Control<ErrorsConfig, Kit> = {
  name: 'errors',
  ids: ['OUT-07'],
  stage: 'filter',
  scope: 'operation',
  block: 'data',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    upstream_error: { status: 502, problem: 'bad_gateway', title: 'Bad gateway', ...SANITIZED },
    internals_in_answer: {
      status: 502,
      problem: 'bad_gateway',
      title: 'Bad gateway',
      level: 'critical',
      ...SANITIZED,
    },
    internals_in_error: {
      status: 400,
      problem: 'request_failed',
      title: 'Request failed',
      ...SANITIZED,
    },
  },
  configure: configureErrors,
  compile: (_config, site) => (site === undefined ? undefined : errorsGuard(site)),
}

function errorsGuard(site: Site): Guard {
  return {
    // The body of a failure is read for the log; where none comes, the head decides.
    onResponse: (exchange, response) =>
      response.status >= 500 && !isHeld(exchange, response)
        ? failure(response.status, '')
        : undefined,
    wantsResponseBody: (exchange, response) => isHeld(exchange, response),
    watchesResponse: (_exchange, { headers }) =>
      isEventStream(answerType(headers)) ? eventWatch() : undefined,
    onResponseBody: (exchange, body) => {
      const { status = 200, headers } = exchange.upstream ?? {}
      const bytes = exchange.replacement ?? body
      if (status >= 500) return failure(status, logged(bytes))
      // Every pattern is plain ASCII: one byte, one character, is enough to look for them.
      if (status >= 400)
        return leaksInError(bytes.toString('latin1')) ? leak(status, bytes) : undefined
      const isShown = isText(headers && answerType(headers))
        ? leaksInternals(bytes.toString('latin1', 0, FRONT_BYTES))
        : showsErrorIn(bytes, site, exchange)
      return isShown ? leak(status, bytes) : undefined
    },
  }
}

/** Where the filter of answers saw no name under which errors are told, nothing is shown there. */
function showsErrorIn(bytes: Buffer, site: Site, exchange: Exchange): boolean {
  const pass = answerPassOf(site)
  const signs = pass?.signsOf(exchange, bytes)
  if (signs !== undefined && (signs & SIGN_ERROR) === 0) return false
  const isShown = showsError(bytes)
  if (isShown) pass?.forget()
  return isShown
}

/** Error bodies of any kind, JSON, and short texts; downloads and event streams pass without being held. */
function isHeld({ head }: Exchange, { status, headers }: UpstreamResponse): boolean {
  if (head.method === 'HEAD') return false
  const type = answerType(headers)
  if (type === undefined) return status >= 400
  if (isJson(type)) return true
  if (status >= 400) return !isEventStream(type)
  const length = headers.get('content-length')
  return isText(type) && status < 300 && length !== undefined && Number(length) <= MAX_TEXT_BYTES
}

/** Texts of errors are short; longer ones, and those without an end in sight, are downloads and logs. */
const MAX_TEXT_BYTES = 65_536
/** A text that is an error says so at once; further down somebody may write about one. */
const FRONT_BYTES = 2_048

function isText(type: string | undefined): boolean {
  return type === 'text/plain' || type === 'text/html'
}

function isEventStream(type: string | undefined): boolean {
  return type === 'text/event-stream'
}

const MAX_LOGGED_BYTES = 2000

function logged(bytes: Buffer): string {
  return bytes.subarray(0, MAX_LOGGED_BYTES).toString('utf8')
}

function failure(status: number, text: string): Denial {
  const said = text === '' ? '' : `: ${text}`
  return { reason: 'upstream_error', detail: `the API answered ${status}${said}` }
}

function leak(status: number, bytes: Buffer): Denial {
  const detail = `the API showed its insides with status ${status}: ${logged(bytes)}`
  if (status < 400) return { reason: 'internals_in_answer', detail }
  return { reason: 'internals_in_error', status, detail }
}
