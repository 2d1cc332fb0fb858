import { isJson, parseMediaType } from '../../http/media-type.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import { configureErrors } from './config.ts'
import type { ErrorsConfig } from './config.ts'
import { leaksInternals } from './leak-pattern.ts'

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
  compile: (_config, site) => (site === undefined ? undefined : errorsGuard()),
}

function errorsGuard(): Guard {
  return {
    onResponse: (_exchange, { status }) =>
      status >= 500
        ? { reason: 'upstream_error', detail: `the API answered ${status}` }
        : undefined,
    wantsResponseBody: (_exchange, response) => isReadable(response),
    onResponseBody: (exchange, body) => {
      const text = (exchange.replacement ?? body).toString('latin1')
      return leaksInternals(text) ? leak(exchange, text) : undefined
    },
  }
}

/** Error bodies of any text kind, and JSON; downloads and event streams pass without being held. */
function isReadable({ status, headers }: UpstreamResponse): boolean {
  const type = parseMediaType(headers.get('content-type') ?? '')
  if (type === undefined) return status >= 400
  if (isJson(type.essence)) return true
  return status >= 400 && type.essence !== 'text/event-stream'
}

const MAX_LOGGED = 2000

function leak(exchange: Exchange, text: string): Denial {
  const status = exchange.upstream?.status ?? 200
  const detail = `the API showed its insides with status ${status}: ${text.slice(0, MAX_LOGGED)}`
  if (status < 400) return { reason: 'internals_in_answer', detail }
  return { reason: 'internals_in_error', status, detail }
}
