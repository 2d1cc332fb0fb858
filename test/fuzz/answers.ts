import { gzipSync } from 'node:zlib'
import type { Random } from './random.ts'
import { mutated } from './random.ts'

/** Stands in every undeclared place of an answer; no client may ever see it. */
export const INSIDE = 'inside-5c1d'

const BODY = `{"fine":true,"message":"ok","extra":"${INSIDE}","member":{"id":7,"name":"a","pin":"${INSIDE}"}}`
const ofLength = (head: string, body: string): string =>
  `${head}Content-Length: ${body.length}\r\n\r\n${body}`
const inChunks = (head: string, body: string): string =>
  `${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
const head = (status: number, type: string): string =>
  `HTTP/1.1 ${status} X\r\nContent-Type: ${type}\r\nServer: ${INSIDE}\r\nX-Debug: ${INSIDE}\r\n`
const JSON_HEAD = head(200, 'application/json')
const GZIP = gzipSync(BODY).toString('latin1')

/** Answers that are honest, or nearly, before they are changed. */
const ANSWERS: readonly string[] = [
  ofLength(JSON_HEAD, BODY),
  inChunks(JSON_HEAD, BODY),
  `${JSON_HEAD}\r\n${BODY}`,
  ofLength(`${JSON_HEAD}Content-Encoding: gzip\r\n`, GZIP),
  inChunks(`${JSON_HEAD}Content-Encoding: gzip\r\n`, GZIP),
  ofLength(head(400, 'application/json'), `{"error":"no","extra":"${INSIDE}"}`),
  ofLength(head(404, 'text/html'), `<p>${INSIDE}</p>`),
  ofLength(head(500, 'text/plain'), `Error: ${INSIDE}\n    at f (/srv/a.js:1:2)`),
  ofLength(head(200, 'text/html'), `<p>${INSIDE}</p>`),
  'HTTP/1.1 204 X\r\n\r\n',
  'HTTP/1.1 304 X\r\nETag: "a"\r\nContent-Length: 5\r\n\r\n',
  `HTTP/1.1 302 X\r\nLocation: http://10.0.0.1/${INSIDE}\r\nContent-Length: 0\r\n\r\n`,
  `HTTP/1.1 103 Early Hints\r\nLink: </${INSIDE}>\r\n\r\n${ofLength(JSON_HEAD, BODY)}`,
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${INSIDE}`,
  `HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${BODY}`,
]

const DICTIONARY: readonly string[] = [
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Content-Length: 3',
  'Content-Length: 3, 3',
  'Content-Length: 99999999999999',
  'Content-Encoding: br',
  'Content-Encoding: gzip, gzip',
  'Connection: close',
  'Connection: content-type',
  'Keep-Alive: timeout=0',
  'Set-Cookie: a=b\u0000',
  'Location: //evil.example',
  'Location: javascript:alert(1)',
  'WWW-Authenticate: Basic',
  'Sallyport-Request-Id: forged',
  'Strict-Transport-Security: max-age=0',
  'Access-Control-Allow-Origin: *',
  'Content-Type: application/json; charset=utf-16',
  'Content-Type: text/event-stream',
  'Content-Type:',
  'Trailer: Content-Length',
  'Alt-Svc: h2="evil.example:443"',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 199 X\r\n\r\n',
  'HTTP/1.1 999 X\r\n',
  '\r\n\r\n',
  '\n',
  '\u0000',
  '0\r\n\r\n',
  'fffffffffffffff\r\n',
  '1;x=y\r\n',
  ' 2',
  '"a":1,"a":2,',
  '"__proto__":{"x":1},',
  '['.repeat(5000),
  '\\u0000',
  '1e400',
  '9'.repeat(500),
  '\u00ff\u00fe',
  'X: y\r\n'.repeat(2000),
  'a'.repeat(70_000),
]

/** What an upstream writes, in pieces with its manner of ending. */
export interface HostileAnswer {
  readonly pieces: readonly string[]
  /** More than a gateway holds follows the pieces. */
  readonly isHuge: boolean
  readonly end: 'close' | 'cut' | 'keep'
}

/** One case of an answer (latin1), perhaps cut at any byte. */
export function hostileAnswer(random: Random): HostileAnswer {
  let text = random.pick(ANSWERS)
  const changes = random.oneIn(8) ? 0 : 1 + random.below(random.oneIn(4) ? 10 : 3)
  for (let i = 0; i < changes; i++) text = mutated(text, random, DICTIONARY)
  if (random.oneIn(5)) text = text.slice(0, random.below(text.length + 1))
  const at = random.below(text.length + 1)
  return {
    isHuge: random.oneIn(60),
    pieces: random.oneIn(3) ? [text.slice(0, at), text.slice(at)] : [text],
    end: random.pick(['close', 'close', 'cut', 'keep']),
  }
}
