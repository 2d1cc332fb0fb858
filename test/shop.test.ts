import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { request as requestPlain } from 'node:http'
import { fileURLToPath } from 'node:url'
import { after, before, suite, test } from 'node:test'
import type { ShopRequest } from '../examples/shop/calls.ts'
import { HOLES } from '../examples/shop/holes.ts'
import type { Hole } from '../examples/shop/holes.ts'
import { HONEST_CALLS } from '../examples/shop/honest-calls.ts'
import { startShop } from '../examples/shop/server.ts'
import type { Shop } from '../examples/shop/server.ts'
import type { Ask, Asker, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import type { TestIssuer } from './kit/issuer.ts'
import { makeIssuer } from './kit/issuer.ts'
import { assertRefusal, clientAddress } from './kit/problem.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'

const DOCUMENT = fileURLToPath(new URL('../examples/shop/openapi.yaml', import.meta.url))

/** The shop behind three lines and an issuer, with a tap between that keeps what the shop itself said. */
interface GuardedShop {
  readonly shop: Shop
  readonly gateway: TestGateway
  readonly issuer: TestIssuer
  readonly through: Asker
  /** Body of the shop's last answer. */
  said(): Buffer
  close(): Promise<void>
}

async function guardShop(): Promise<GuardedShop> {
  const shop = await startShop({ quiet: true })
  let said: Buffer = Buffer.alloc(0)
  const tap = await startTap(shop, (body) => {
    said = body
  })
  const issuer = await makeIssuer('https://id.shop.example', 'https://api.shop.example')
  const gateway = await startGateway({
    yaml:
      `openapi: ${JSON.stringify(DOCUMENT)}\nupstream: ${tap.url}\nlisten: { https: 8443, tls: auto }\n` +
      `auth: { jwt: { issuers: { ${issuer.yaml('./jwks.json')} } } }`,
    files: { 'jwks.json': issuer.jwks },
  })
  const through = asker(gateway.httpsPort, gateway.ca)
  return {
    shop,
    gateway,
    issuer,
    through,
    said: () => said,
    close: async () => {
      through.close()
      await Promise.all([gateway.close(), tap.close(), shop.close()])
    },
  }
}

function startTap(shop: Shop, keep: (body: Buffer) => void): Promise<TestUpstream> {
  return startUpstream((request, response) => {
    const { method, target: path, rawHeaders, body } = request
    const onward = requestPlain({ port: shop.port, host: '127.0.0.1', method, path })
    for (let i = 0; i < rawHeaders.length; i += 2)
      onward.setHeader(rawHeaders[i]!, rawHeaders[i + 1]!)
    onward.on('response', (answer) => {
      const pieces: Buffer[] = []
      answer.on('data', (piece: Buffer) => pieces.push(piece))
      answer.on('end', () => keep(Buffer.concat(pieces)))
      response.writeHead(answer.statusCode ?? 500, answer.rawHeaders)
      answer.pipe(response)
    })
    onward.end(body)
  })
}

let client = 0

/** One of the shop's own test requests, through the gateway. */
async function send(guarded: GuardedShop, request: ShopRequest, from?: string): Promise<Got> {
  const nonce = randomUUID().slice(0, 8)
  const fill = (text: string): string =>
    text.replaceAll('{shop}', guarded.shop.url).replaceAll('{nonce}', nonce)
  const { as, body } = request
  const sub = as === undefined ? '' : String(guarded.shop.users[as].id)
  const authorization = as === undefined ? undefined : await guarded.issuer.mint(sub)
  const sent = typeof body === 'string' ? fill(body) : body
  return guarded.through.ask({
    method: request.method,
    target: fill(request.target),
    headers: {
      ...(authorization === undefined ? {} : { authorization: `Bearer ${authorization}` }),
      ...request.headers,
    },
    from: from ?? clientAddress(40, client++),
    ...(sent === undefined ? {} : { body: sent instanceof Uint8Array ? Buffer.from(sent) : sent }),
  } satisfies Ask)
}

/**
 * Fields of the shop's answers that its document does not name: the whole of what the gateway may take away.
 * `limit` and `offset` are declared for every page but that of the users.
 */
const UNDECLARED = [
  'callbackAnswer',
  'cardNumber',
  'costPrice',
  'cvc',
  'internalNotes',
  'isAdmin',
  'limit',
  'offset',
  'password',
  'passwordHash',
  'resetToken',
  'sql',
]

suite('honest calls to the shop', () => {
  let guarded: GuardedShop
  const dropped = new Set<string>()
  before(async () => {
    guarded = await guardShop()
  })
  after(() => guarded.close())

  for (const call of HONEST_CALLS) {
    test(`${call.operationId} ${call.method} ${call.target} ${call.status}`, async () => {
      const got = await send(guarded, call)
      assert.equal(got.status, call.status, got.text)
      const own = guarded.said()
      if (!/json/.test(got.headers.get('content-type') ?? '')) {
        assert.ok(got.body.equals(own), 'other bytes')
        return
      }
      const found: string[] = []
      const rest = without(JSON.parse(own.toString()), got.json(), found)
      assert.deepEqual(got.json(), rest)
      if (found.length === 0) assert.ok(got.body.equals(own), 'other bytes without need')
      for (const name of found) dropped.add(name)
    })
  }

  test('lose the undeclared fields of the shop and no others', () => {
    assert.deepEqual([...dropped].toSorted(), UNDECLARED)
  })
})

/** What the shop said without the members that did not come out, whose names go to `dropped`. */
function without(own: unknown, got: unknown, dropped: string[]): unknown {
  if (Array.isArray(own) && Array.isArray(got)) {
    assert.equal(got.length, own.length)
    return own.map((item, index) => without(item, got[index], dropped))
  }
  if (!isObject(own) || !isObject(got)) return own
  const kept = Object.entries(own).filter(([name]) => name in got)
  for (const name of Object.keys(own)) if (!(name in got)) dropped.push(name)
  return Object.fromEntries(kept.map(([name, value]) => [name, without(value, got[name], dropped)]))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Holes that three lines close: the status in their place. 200 and 201: what they showed is gone. */
const CLOSED: Readonly<Record<string, number>> = {
  'password-hash': 200,
  'mass-assignment-profile': 422,
  'mass-assignment-sign-up': 422,
  'password-echo': 201,
  'login-flood': 429,
  'unverified-token': 401,
  'internal-header': 401,
  'no-credential': 401,
  'internal-notes': 200,
  'cost-price': 200,
  'mass-assignment-order': 422,
  'own-price': 422,
  'method-override': 400,
  ssrf: 422,
  'card-number': 200,
  'injection-search': 400,
  'sql-error': 404,
  'stack-trace': 502,
  'unbounded-page': 400,
  'unbounded-body': 413,
  'any-upload': 415,
  'file-name': 400,
  'report-sql': 200,
  'debug-config': 404,
  'debug-sql': 404,
  'undeclared-method': 405,
  banner: 200,
  'debug-cookie': 200,
  'weak-secret': 401,
}

const OBJECT_LEVEL = 'needs authorization by object: the document cannot say whose it is'
const ROLES = 'needs authorize.roles: without it a caller who meets the security may call'

/** Holes that stay open with three lines, and why. */
const OPEN: Readonly<Record<string, string>> = {
  'others-profile': OBJECT_LEVEL,
  'others-order': OBJECT_LEVEL,
  'others-orders': OBJECT_LEVEL,
  'others-export': OBJECT_LEVEL,
  'admin-list': ROLES,
  'admin-report': ROLES,
  'admin-delete': ROLES,
  'user-enumeration': 'the document declares the refusal and its text',
  'injection-old-search': 'needs the rules of the WAF: the parameter is free text',
}

suite('the holes of the shop', () => {
  let guarded: GuardedShop
  before(async () => {
    guarded = await guardShop()
  })
  after(() => guarded.close())

  test('are each on one list, the closed or the open', () => {
    const names = [...Object.keys(CLOSED), ...Object.keys(OPEN)]
    assert.deepEqual(names.toSorted(), HOLES.map(({ name }) => name).toSorted())
  })

  for (const hole of HOLES) {
    const status = CLOSED[hole.name]
    const isClosed = status !== undefined
    test(`${hole.name} is ${isClosed ? `closed with ${status}` : `open: ${OPEN[hole.name]}`}`, async () => {
      const { first, shown } = await use(guarded, hole)
      assert.equal(hole.shows.test(textOf(shown)), !isClosed, textOf(shown))
      if (status === undefined) assert.equal(first.status, hole.status)
      else if (status < 400) assert.equal(first.status, status)
      else assertRefusal(first, status)
    })
  }
})

/** Uses a hole as its own test does: the last answer, and the one that would show it. */
async function use(guarded: GuardedShop, hole: Hole): Promise<{ first: Got; shown: Got }> {
  const from = clientAddress(41, client++)
  let first = await send(guarded, hole, from)
  for (let sent = 1; sent < (hole.times ?? 1); sent++) first = await send(guarded, hole, from)
  const shown = hole.followUp === undefined ? first : await send(guarded, hole.followUp)
  return { first, shown }
}

/** As the shop's own `textOf` writes it: status, header lines, an empty line, the body. */
function textOf({ status, headers, text }: Got): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`)
  return [status, ...lines, '', text].join('\n')
}
