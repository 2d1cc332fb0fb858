import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { after, before, suite, test } from 'node:test'
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify, SignJWT, generateKeyPair } from 'jose'
import type { JSONWebKeySet, JWTPayload } from 'jose'
import { freePort } from '../src/base/testing/free-port.ts'
import { startShop } from '../examples/shop/server.ts'
import type { Shop } from '../examples/shop/server.ts'
import type { Asker } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import type { TestIssuer } from './kit/issuer.ts'
import { makeIssuer } from './kit/issuer.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'

// S2.3, S2.16, TOK-10, OUT-09, WIRE-08: what an API behind the gateway is told of its callers, and can check.

const DOCUMENT = fileURLToPath(new URL('../examples/shop/openapi.yaml', import.meta.url))
const KEY_SET = '/.well-known/jwks.json'
const PROFILE = { id: 1, name: 'Alice', email: 'alice@shop.example', isAdmin: false }

/** Values of `Sallyport-Identity`, however it is spelled, in what an API got. */
function identitiesIn(rawHeaders: readonly string[]): string[] {
  return rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && name.toLowerCase().replaceAll('_', '-') === 'sallyport-identity'
      ? [rawHeaders[index + 1] ?? '']
      : [],
  )
}

suite('what an API is told of its callers', () => {
  let upstream: TestUpstream
  let gateway: TestGateway
  let issuer: TestIssuer
  let client: Asker
  let healthPort: number

  before(async () => {
    upstream = await startUpstream((_request, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'sallyport-identity': 'of-the-api' })
        .end(JSON.stringify(PROFILE)),
    )
    issuer = await makeIssuer('https://id.shop.example', 'https://api.shop.example')
    healthPort = await freePort()
    gateway = await startGateway({
      isAlone: true,
      yaml:
        `openapi: ${JSON.stringify(DOCUMENT)}\nupstream: ${upstream.url}\n` +
        `listen: { https: 8443, tls: auto, health: "127.0.0.1:${healthPort}" }\n` +
        `auth: { jwt: { issuers: { ${issuer.yaml('./jwks.json')} } } }`,
      files: { 'jwks.json': issuer.jwks },
    })
    client = asker(gateway.httpsPort, gateway.ca)
  })
  after(async () => {
    client.close()
    await Promise.all([gateway.close(), upstream.close()])
  })

  /** Sends a request and returns what the API can read of its caller. */
  async function told(
    headers: Readonly<Record<string, string>>,
    target = '/users/me',
  ): Promise<JWTPayload> {
    upstream.seen.length = 0
    await client.ask({ target, headers })
    const identities = identitiesIn(upstream.seen[0]?.rawHeaders ?? [])
    assert.equal(identities.length, 1)
    const keys = (await client.ask({ target: KEY_SET })).json() as JSONWebKeySet
    const { payload } = await jwtVerify(identities[0] ?? '', createLocalJWKSet(keys), {
      issuer: 'sallyport',
      audience: 'api',
      typ: 'sallyport-identity+jwt',
    })
    return payload
  }

  test('a token of 60 seconds for this API, and not the caller’s own credential', async () => {
    const token = await issuer.mint('1')
    const { sub, sub_id: id, iat, exp, caller } = await told({ authorization: `Bearer ${token}` })
    assert.equal(sub, 'https://id.shop.example|1')
    assert.deepEqual(id, { format: 'iss_sub', iss: issuer.iss, sub: '1' })
    assert.equal(Number(exp) - Number(iat), 60)
    assert.equal(caller, 'token')
    assert.equal(JSON.stringify(upstream.seen[0]).includes(token), false)
  })

  test('the key that was shown', async () => {
    const { key, id } = await gateway.createKey({ owner: 'partner', scopes: ['orders:read'] })
    const { sub, owner, scope } = await told({ 'x-api-key': key })
    assert.deepEqual([sub, owner, scope], [`key:${id}`, 'partner', 'orders:read'])
  })

  test('that nobody was verified at a public operation', async () => {
    const payload = await told({}, '/products/1')
    assert.deepEqual([payload['caller'], payload.sub], ['none', undefined])
  })

  test('nothing that a client says in the gateway’s name', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    const forged = await new SignJWT({ sub: 'key:admin', aud: 'api', iss: 'sallyport' })
      .setProtectedHeader({ alg: 'ES256', typ: 'sallyport-identity+jwt' })
      .setExpirationTime('60s')
      .sign(privateKey)
    const authorization = `Bearer ${await issuer.mint('2')}`
    for (const name of ['Sallyport-Identity', 'SALLYPORT-IDENTITY', 'Sallyport_Identity']) {
      const { sub } = await told({ authorization, [name]: forged })
      assert.equal(sub, 'https://id.shop.example|2')
      assert.equal(JSON.stringify(upstream.seen[0]).includes(forged), false)
    }
  })

  test('a client cannot have the gateway’s word removed as a hop-by-hop field', async () => {
    upstream.seen.length = 0
    const authorization = `Bearer ${await issuer.mint('1')}`
    const headers = { authorization, connection: 'keep-alive, Sallyport-Identity' }
    const { status } = await client.ask({ target: '/users/me', headers })
    if (status < 400) assert.equal(identitiesIn(upstream.seen[0]?.rawHeaders ?? []).length, 1)
    else assert.equal(upstream.seen.length, 0)
  })

  test('none of it goes back to the client, whoever says it', async () => {
    const authorization = `Bearer ${await issuer.mint('1')}`
    const answer = await client.ask({ target: '/users/me', headers: { authorization } })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.has('sallyport-identity'), false)
  })

  test('the keys stand on the port of the API, with the request id and no credential', async () => {
    const answer = await client.ask({ target: KEY_SET })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'application/jwk-set+json')
    assert.match(answer.headers.get('sallyport-request-id') ?? '', /./)
    const head = await client.ask({ target: KEY_SET, method: 'HEAD' })
    assert.deepEqual([head.status, head.text], [200, ''])
    assert.equal((await client.ask({ target: KEY_SET, method: 'POST' })).status, 404)
  })

  test('the same keys stand on the health port, where a library fetches them itself', async () => {
    upstream.seen.length = 0
    await client.ask({ target: '/products/1' })
    const keys = createRemoteJWKSet(new URL(`http://127.0.0.1:${healthPort}${KEY_SET}`))
    const [token = ''] = identitiesIn(upstream.seen[0]?.rawHeaders ?? [])
    assert.equal((await jwtVerify(token, keys, { audience: 'api' })).payload['caller'], 'none')
  })
})

suite('a shop that accepts nobody but the gateway', () => {
  let shop: Shop
  let gateway: TestGateway
  let issuer: TestIssuer
  let client: Asker
  const direct = (headers: Readonly<Record<string, string>>): Promise<Response> =>
    fetch(`${shop.url}/users/me`, { headers })

  before(async () => {
    const healthPort = await freePort()
    const keys = `http://127.0.0.1:${healthPort}${KEY_SET}`
    shop = await startShop({ quiet: true, gateway: { keys, audience: 'shop' } })
    issuer = await makeIssuer('https://id.shop.example', 'https://api.shop.example')
    gateway = await startGateway({
      isAlone: true,
      yaml:
        `openapi: ${JSON.stringify(DOCUMENT)}\nupstream: { url: "${shop.url}", identity: { audience: shop } }\n` +
        `listen: { https: 8443, tls: auto, health: "127.0.0.1:${healthPort}" }\n` +
        `auth: { jwt: { issuers: { ${issuer.yaml('./jwks.json')} } } }`,
      files: { 'jwks.json': issuer.jwks },
    })
    client = asker(gateway.httpsPort, gateway.ca)
  })
  after(async () => {
    client.close()
    await Promise.all([gateway.close(), shop.close()])
  })

  test('answers its users through the gateway', async () => {
    const headers = { authorization: `Bearer ${await issuer.mint('1')}` }
    const answer = await client.ask({ target: '/users/me', headers })
    assert.deepEqual([answer.status, (answer.json() as { id: number }).id], [200, 1])
  })

  test('answers the public through the gateway', async () => {
    assert.equal((await client.ask({ target: '/products/1' })).status, 200)
  })

  test('refuses who calls it directly, with whatever the open shop believes', async () => {
    const tokens: readonly Readonly<Record<string, string>>[] = [
      {},
      { authorization: `Bearer ${shop.tokenFor(1)}` },
      { 'x-user-id': '1' },
      { 'sallyport-identity': 'admin' },
      { 'sallyport-identity': await issuer.mint('1', { typ: 'sallyport-identity+jwt' }) },
    ]
    for (const headers of tokens) assert.equal((await direct(headers)).status, 401)
  })

  test('refuses a token whose claims, key or algorithm were changed', async () => {
    const { services } = gateway.running.gateway
    const { kid, privateKey } = services.signing.current(Date.now())
    const sign = (
      claims: Readonly<Record<string, unknown>>,
      header: Readonly<Record<string, unknown>> = {},
    ): Promise<string> => {
      const iat = Math.floor(Date.now() / 1000)
      return new SignJWT({ iss: 'sallyport', aud: 'shop', iat, exp: iat + 60, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid, typ: 'sallyport-identity+jwt', ...header })
        .sign(privateKey)
    }
    const send = async (token: string): Promise<number> =>
      (await direct({ 'sallyport-identity': token })).status
    const good = await sign({})
    assert.equal(await send(good), 200)
    const now = Math.floor(Date.now() / 1000)
    const bad: readonly string[] = [
      await sign({ aud: 'other' }),
      await sign({ iss: 'other' }),
      await sign({ exp: now - 60, iat: now - 120 }),
      await sign({ iat: now + 60, exp: now + 120 }),
      await sign({ exp: undefined }),
      await sign({}, { typ: 'at+jwt' }),
      await sign({}, { kid: 'unknown' }),
      `${good}A`,
      `${good}.x`,
      good.slice(0, good.lastIndexOf('.') + 1),
      good.replace(/\.[^.]+\./, `.${Buffer.from('{"aud":"shop"}').toString('base64url')}.`),
    ]
    for (const token of bad) assert.equal(await send(token), 401, token)
  })
})
