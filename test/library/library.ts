import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Script, SeenRequest } from '../kit/upstream.ts'
import { beOdd } from './oddities.ts'

/** Bytes of the longest text that the library keeps. */
export const TEXT_BYTES = 3_000_000
/** What lies between two events of the news. */
export const NEWS_PAUSE_MS = 150
const LOAN = { id: '1b4e28ba-2fa1-41d2-883f-0016d3cca427', memberId: 7, due: '2026-12-24' }
const MEMBER = {
  id: 7,
  name: 'Ünal Öz',
  contact: { email: 'unal@town.example', phone: null },
  interests: ['chess', 'bees'],
}
/** Written with blanks, escapes and long numbers on purpose: bytes that nothing need change stay as they are. */
const BOOK_TEXT =
  '{ "isbn": "9780140449136",\n  "title": "Crime \\u0026 Punishment", "authors": [ {"name":"F. Dostoevsky","born":1821} ],' +
  ' "published":1866, "price": 12.50, "format":{"kind":"print","pages":671}, "addedAt":"2026-01-02T03:04:05Z" }\n'
const BOOK = JSON.parse(BOOK_TEXT) as Record<string, unknown>
const ETAG = `"${createHash('sha256').update(BOOK_TEXT).digest('base64url').slice(0, 20)}"`

type Answer = (request: SeenRequest, response: ServerResponse, url: URL) => unknown

const ROUTES: readonly [method: string, path: RegExp, answer: Answer][] = [
  ['GET', /^\/v2\/books$/, findBooks],
  ['POST', /^\/v2\/books$/, addBook],
  ['GET', /^\/v2\/books\/\d+$/, getBook],
  ['PATCH', /^\/v2\/books\/\d+$/, changeBook],
  ['GET', /^\/v2\/books\/\d+\/text$/, readBook],
  ['PUT', /^\/v2\/books\/\d+\/cover$/, (_request, response) => response.writeHead(204).end()],
  ['POST', /^\/v2\/members$/, join],
  ['GET', /^\/v2\/members\/7$/, (_request, response) => json(response, 200, MEMBER)],
  ['POST', /^\/v2\/sessions$/, logIn],
  ['POST', /^\/v2\/loans$/, (_request, response) => json(response, 201, LOAN)],
  ['DELETE', /^\/v2\/loans\/[\w-]+$/, (_request, response) => response.writeHead(204).end()],
  ['POST', /^\/v2\/notes$/, (_request, response) => response.writeHead(202).end()],
  ['GET', /^\/v2\/news$/, followNews],
  ['GET', /^\/v2\/odd\//, (_request, response, url) => beOdd(url.pathname.slice(8), response)],
]

/** The library's own behavior; unlike the gateway it believes everything. */
export const library: Script = (request, response) => {
  const url = new URL(request.target, 'http://library')
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const route = ROUTES.find(([name, path]) => name === method && path.test(url.pathname))
  if (route === undefined) return json(response, 404, { error: `no ${url.pathname} here` })
  return route[2](request, response, url)
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function fieldOf({ rawHeaders }: SeenRequest, name: string): string | undefined {
  const at = rawHeaders.findIndex((part, i) => i % 2 === 0 && part.toLowerCase() === name)
  return at < 0 ? undefined : rawHeaders[at + 1]
}

function findBooks(request: SeenRequest, response: ServerResponse, url: URL): void {
  const page = Number(url.searchParams.get('page') ?? 1)
  const text = `[${BOOK_TEXT},${BOOK_TEXT}]`
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'x-total-count': '6',
    link: `</v2/books?page=${page + 1}&size=2>; rel="next"`,
    vary: 'accept-encoding',
    ...(fieldOf(request, 'accept-encoding') === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
  })
  response.end(fieldOf(request, 'accept-encoding') === 'gzip' ? gzipSync(text) : text)
}

function addBook(request: SeenRequest, response: ServerResponse): void {
  const book = JSON.parse(request.body.toString()) as Record<string, unknown>
  const { isbn } = book as { isbn: string }
  response.setHeader('location', `/v2/books/${isbn}`)
  json(response, 201, book)
}

function getBook(request: SeenRequest, response: ServerResponse, url: URL): void {
  if (!url.pathname.endsWith('9780140449136')) return json(response, 404, { error: 'no such book' })
  const head = { etag: ETAG, 'cache-control': 'public, max-age=60' }
  if (fieldOf(request, 'if-none-match')?.replace(/^W\//, '') === ETAG)
    return void response.writeHead(304, head).end()
  response.writeHead(200, {
    ...head,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(BOOK_TEXT),
  })
  response.end(request.method === 'HEAD' ? undefined : BOOK_TEXT)
}

function changeBook(request: SeenRequest, response: ServerResponse): void {
  if (fieldOf(request, 'if-match') !== ETAG)
    return json(response, 412, { error: 'it was changed in between' })
  json(response, 200, { ...BOOK, ...(JSON.parse(request.body.toString()) as object) })
}

/** The text of a book: every byte says where it stands. */
export function textOfBook(): Buffer {
  const bytes = Buffer.alloc(TEXT_BYTES)
  for (let i = 0; i < TEXT_BYTES; i++) bytes[i] = (i * 31 + (i >> 8)) & 255
  return bytes
}

/** Sends a first piece, then waits until somebody has had time to read it. */
async function readBook(request: SeenRequest, response: ServerResponse): Promise<void> {
  const text = textOfBook()
  const range = /^bytes=(\d+)-(\d+)$/.exec(fieldOf(request, 'range') ?? '')
  const type = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes' }
  if (range !== null) {
    const [from, to] = [Number(range[1]), Number(range[2])]
    const part = text.subarray(from, to + 1)
    const bounds = { 'content-range': `bytes ${from}-${to}/${TEXT_BYTES}` }
    response.writeHead(206, { ...type, ...bounds, 'content-length': part.length })
    return void response.end(part)
  }
  response.writeHead(200, {
    ...type,
    'content-length': TEXT_BYTES,
    'content-disposition': 'attachment; filename="book.bin"',
  })
  if (request.method === 'HEAD') return void response.end()
  response.write(text.subarray(0, 1000))
  await pause(NEWS_PAUSE_MS)
  response.end(text.subarray(1000))
}

function join(request: SeenRequest, response: ServerResponse): void {
  const form = new URLSearchParams(request.body.toString())
  response.setHeader('location', '/v2/members/8')
  json(response, 201, {
    id: 8,
    name: form.get('name'),
    contact: { email: form.get('email') },
    interests: form.getAll('interests'),
  })
}

/** The password that opens, and what it opens. */
export const LOGIN = { password: 'bees-in-the-attic', token: 'session-4b1f0c77aa' }

function logIn(request: SeenRequest, response: ServerResponse): void {
  const { password } = JSON.parse(request.body.toString()) as { password: string }
  response.setHeader('set-cookie', `sid=${LOGIN.token}; Path=/; HttpOnly`)
  if (password === LOGIN.password) return json(response, 200, { token: LOGIN.token })
  json(response, 401, { error: 'not known' })
}

async function followNews(_request: SeenRequest, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  for (const number of [1, 2, 3]) {
    response.write(`id: ${number}\ndata: event ${number}\n\n`)
    await pause(NEWS_PAUSE_MS)
  }
  response.end()
}
