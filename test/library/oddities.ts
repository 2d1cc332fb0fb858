import type { ServerResponse } from 'node:http'

/** An answer that no honest service gives. */
interface Oddity {
  readonly status?: number
  /** `application/json` unless said. */
  readonly type?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body: unknown
}

/** A secret that must not get out, whatever the answer. */
export const INSIDE = 'inside-0f3a'

const TRACE =
  `Error: ${INSIDE}\n    at Object.lend (/srv/library/loans.js:41:13)\n` +
  '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)'

/** What a careless program prints when it fails. */
export const BETRAYED = { password: 'hunter2-9d8e7f', token: 'eyJhbGciOiJIUzI1NiJ9.e30.c2VjcmV0' }
const SECRETS_IN_TRACE =
  `${TRACE}\npassword=${BETRAYED.password}\nAuthorization: Bearer ${BETRAYED.token}\n` +
  `postgres://library:${BETRAYED.password}@db/books\n`

const ODDITIES: Readonly<Record<string, Oddity>> = {
  'extra-field': {
    body: {
      fine: true,
      passwordHash: INSIDE,
      member: { id: 7, name: 'U', pin: INSIDE, contact: { email: 'u@t.example', note: INSIDE } },
    },
  },
  'odd-success': { status: 207, body: { fine: INSIDE } },
  'odd-refusal': { status: 409, body: { error: INSIDE } },
  'odd-type': { type: 'text/html', body: `<p>${INSIDE}</p>` },
  'no-json': { body: `{"fine": true, ${INSIDE}` },
  'trace-in-failure': { status: 500, type: 'text/plain', body: TRACE },
  'trace-in-refusal': { status: 400, body: { error: TRACE } },
  'trace-in-success': { body: { fine: true, message: TRACE } },
  'secrets-in-failure': { status: 500, type: 'text/plain', body: SECRETS_IN_TRACE },
  unavailable: { status: 503, headers: { 'retry-after': '7' }, body: { error: INSIDE } },
  banner: {
    headers: {
      server: `librarian/${INSIDE}`,
      'x-powered-by': INSIDE,
      'x-debug': INSIDE,
      'sallyport-request-id': INSIDE,
      'set-cookie': [`sid=${INSIDE}; Path=/`],
    },
    body: { fine: true },
  },
  away: { status: 302, headers: { location: `http://10.0.0.5/${INSIDE}` }, body: '' },
  'prototype-field': { body: '{"fine":true,"__proto__":{"admin":true},"constructor":1}' },
}

/** Answers in the way that was asked for. */
export function beOdd(how: string, response: ServerResponse): void {
  const {
    status = 200,
    type = 'application/json',
    headers = {},
    body,
  } = ODDITIES[how] ?? {
    body: { fine: true },
  }
  response.writeHead(status, { 'content-type': type, ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
