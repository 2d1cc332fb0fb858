import type { Random } from './random.ts'
import { mutated } from './random.ts'

const HOST = 'Host: localhost'
const json = (method: string, target: string, key: string, body: string): string =>
  `${method} ${target} HTTP/1.1\r\n${HOST}\r\nX-Library-Card: ${key}\r\nContent-Type: application/json\r\n` +
  `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`
const chunked = (key: string, ...pieces: string[]): string =>
  `POST /v2/loans HTTP/1.1\r\n${HOST}\r\nX-Library-Card: ${key}\r\nContent-Type: application/json\r\n` +
  `Transfer-Encoding: chunked\r\n\r\n${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`

const LOAN = '{"memberId":7,"copies":[{"isbn":"9783522202107","days":7}]}'
const BOOK =
  '{"title":"Momo","isbn":"9783522202107","authors":[{"name":"a"}],"format":{"kind":"print","pages":3}}'

/** Requests that are honest before they are changed. */
const HONEST: readonly ((key: string) => string)[] = [
  () => `GET /v2/books?page=2&genre=novel HTTP/1.1\r\n${HOST}\r\nAccept: */*\r\n\r\n`,
  () => `GET /v2/books?author=a&author=b&published[from]=1900 HTTP/1.1\r\n${HOST}\r\n\r\n`,
  () => `HEAD /v2/books/9780140449136 HTTP/1.1\r\n${HOST}\r\nIf-None-Match: "a"\r\n\r\n`,
  (key) => `GET /v2/members/7 HTTP/1.1\r\n${HOST}\r\nAuthorization: Bearer ${key}\r\n\r\n`,
  (key) => `GET /v2/members/7 HTTP/1.0\r\n${HOST}\r\nX-Library-Card: ${key}\r\n\r\n`,
  (key) =>
    `DELETE /v2/loans/1b4e28ba-2fa1-41d2-883f-0016d3cca427 HTTP/1.1\r\n${HOST}\r\nX-Library-Card: ${key}\r\n\r\n`,
  (key) => json('POST', '/v2/loans', key, LOAN),
  (key) => json('POST', '/v2/books', key, BOOK),
  (key) => chunked(key, LOAN.slice(0, 9), LOAN.slice(9)),
  () =>
    `POST /v2/members HTTP/1.1\r\n${HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 31\r\n\r\nname=a%20b&email=a%40b.example&`,
  (key) =>
    `PUT /v2/books/9780140449136/cover HTTP/1.1\r\n${HOST}\r\nX-Library-Card: ${key}\r\nContent-Type: image/png\r\nContent-Length: 5\r\n\r\n\u0089PNG\r`,
  () =>
    `OPTIONS /v2/books HTTP/1.1\r\n${HOST}\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n\r\n`,
]

/** Pieces that have broken other gateways. */
const DICTIONARY: readonly string[] = [
  'Transfer-Encoding: chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding:\u000bchunked',
  'transfer_encoding: chunked',
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: +5',
  'Content-Length: 5, 5',
  'Content-Length: 99999999999999999999',
  'Content-Length: -1',
  'Host: evil.example',
  'Host:',
  'Host: localhost:8443, evil.example',
  'Host: a@localhost',
  'Connection: close, Host',
  'Connection: X-Forwarded-For, Authorization',
  'Connection: upgrade',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
  'Expect: 100-continue',
  'Expect: the worst',
  'X-HTTP-Method-Override: DELETE',
  'X-Forwarded-For: 1.2.3.4',
  'X_User_Id: 1',
  'Sallyport-Request-Id: x',
  'Trailer: Host',
  'TE: trailers, deflate',
  'Cookie: a=b; a=c; =; "',
  'Authorization: Bearer a',
  'Authorization: Basic Og==',
  'Range: bytes=0-',
  'Content-Type: application/json; charset=utf-16',
  'Content-Encoding: gzip',
  'Accept-Encoding: *;q=0',
  'X-A: a\r\n b',
  '\r\n\r\n',
  '\n\n',
  '\r',
  '\n',
  '\u0000',
  'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '5;ext="\r\n',
  '/..;/',
  '/%2e%2e/',
  '%00',
  '%c0%ae',
  '%252f',
  '//evil.example/',
  'https://evil.example/',
  '?__proto__[x]=1',
  '&page=1&page=2',
  ' HTTP/1.1\r\nX: ',
  ' HTTP/0.9',
  ' HTTP/9.9',
  '\ufeff'.slice(0, 0) + '\u00ef\u00bb\u00bf',
  '{"__proto__":{}}',
  '"a":1,"a":1,',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  '\\ud800',
  '1e999',
  '-',
  '9'.repeat(400),
  'A'.repeat(9000),
  'X: y\r\n'.repeat(150),
]

/** One case: bytes (latin1) for one connection; now and then several requests, or no HTTP at all. */
export function hostileRequest(random: Random, key: string): string {
  if (random.oneIn(40)) return garbage(random)
  let text = random.pick(HONEST)(key)
  if (random.oneIn(6)) text += random.pick(HONEST)(key)
  const changes = random.oneIn(25) ? 0 : 1 + random.below(random.oneIn(5) ? 12 : 3)
  for (let i = 0; i < changes; i++) text = mutated(text, random, DICTIONARY)
  return text
}

function garbage(random: Random): string {
  let text = ''
  const length = random.below(2000)
  for (let i = 0; i < length; i++) text += String.fromCharCode(random.below(256))
  return text
}
