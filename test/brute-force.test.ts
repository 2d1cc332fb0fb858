import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Asker, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'

// SES-04, KEY-06: guesses stop within the stated numbers, and nobody else notices: not the owner on a device that the
// account knows, not a neighbor behind the address of the attacker.

const DOCUMENT = `
openapi: 3.1.0
info: { title: People, version: '1' }
components:
  securitySchemes: { key: { type: apiKey, in: header, name: X-API-Key } }
paths:
  /login:
    post:
      operationId: login
      security: []
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties: { email: { type: string }, password: { type: string } }
      responses: { '200': { description: in }, '401': { description: out } }
  /me:
    get: { operationId: me, security: [{ key: [] }], responses: { '200': { description: ok } } }
`

/** What a person knows that no attacker does. */
const passwordOf = (email: string): string => `right ${email}`

suite('brute force through a gateway', { timeout: 300_000 }, () => {
  let people: TestUpstream
  let gateway: TestGateway
  let through: Asker

  before(async () => {
    people = await startUpstream(({ target, body }, response) => {
      response.setHeader('content-type', 'application/json')
      if (target !== '/login') return response.end('{}')
      const { email, password } = JSON.parse(body.toString()) as Record<string, string>
      response.statusCode = password === passwordOf(email ?? '') ? 200 : 401
      return response.end('{}')
    })
    gateway = await startGateway({
      files: { 'openapi.yaml': DOCUMENT },
      yaml: `openapi: ./openapi.yaml
upstream: ${people.url}
listen: { https: 8443, tls: auto, trustedProxies: [127.0.0.1/32] }
`,
    })
    through = asker(gateway.httpsPort, gateway.ca)
  })
  after(async () => {
    through.close()
    await Promise.all([gateway.close(), people.close()])
  })

  const logIn = (email: string, password: string, from: string): Promise<Got> =>
    through.ask({
      method: 'POST',
      target: '/login',
      headers: { 'X-Forwarded-For': from },
      body: { email, password },
    })
  const honest = (email: string, from: string): Promise<Got> =>
    logIn(email, passwordOf(email), from)
  /** Guesses of an account that reached the API. */
  const reached = (email?: string): number =>
    people.seen.filter(({ target, body }) => {
      const text = body.toString()
      const isMeant = email === undefined ? text.includes('guess') : text.includes(`"${email}"`)
      return target === '/login' && isMeant && text.includes('guess')
    }).length

  async function flood(tries: readonly (() => Promise<Got>)[]): Promise<readonly Got[]> {
    const answers: Got[] = []
    const left = [...tries]
    const work = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) answers.push(await next())
    }
    await Promise.all(Array.from({ length: 16 }, work))
    return answers
  }

  test('ten thousand guesses at one account from two hundred addresses', async () => {
    const owner = 'owner@people.test'
    const home = '198.18.0.1'
    const neighbor = 'neighbor@people.test'
    assert.equal((await honest(owner, home)).status, 200)
    const from = (n: number): string => `198.19.${n % 200}.7`
    const answers = await flood(
      Array.from({ length: 10_000 }, (_, n) => () => logIn(owner, `guess ${n}`, from(n))),
    )
    assert.ok(answers.every(({ status }) => status === 401 || status === 429))
    // Ten lock it; those that were under way at the same moment may arrive too.
    assert.ok(reached(owner) <= 10 + 16, `${reached(owner)} guesses reached the API`)
    // The right password from elsewhere is answered like a wrong one.
    assert.equal((await honest(owner, '198.18.0.2')).status, 401)
    assert.equal((await honest(owner, home)).status, 200, 'the owner, where they were before')
    assert.equal((await honest(neighbor, from(3))).status, 200, 'somebody else at an attacker’s')
  })

  test('a list of a thousand stolen pairs from one address', async () => {
    const office = '198.18.7.1'
    const colleague = 'colleague@people.test'
    assert.equal((await honest(colleague, office)).status, 200)
    const { key } = await gateway.createKey()
    people.seen.length = 0
    const answers = await flood(
      Array.from({ length: 1000 }, (_, n) => () => logIn(`user${n}@people.test`, 'guess', office)),
    )
    assert.ok(answers.filter(({ status }) => status === 429).length >= 900)
    assert.ok(reached() <= 20 + 16, `${reached()} pairs reached the API`)
    // Neighbors at the same address: one whose account knows it, one with a key.
    await new Promise((resolve) => setTimeout(resolve, 5000))
    assert.equal((await honest(colleague, office)).status, 200)
    const headers = { 'X-Forwarded-For': office, 'X-API-Key': key }
    assert.equal((await through.ask({ target: '/me', headers })).status, 200)
    assert.equal((await honest('elsewhere@people.test', '198.18.7.2')).status, 200)
  })

  test('guessed keys stop at ten, a good key at the same address goes on', async () => {
    const office = '198.18.8.1'
    const { key } = await gateway.createKey()
    const ask = (text: string): Promise<Got> =>
      through.ask({ target: '/me', headers: { 'X-Forwarded-For': office, 'X-API-Key': text } })
    const guesses = []
    for (let n = 0; n < 30; n++)
      guesses.push((await ask(`${key.slice(0, -12)}${String(n).padStart(12, '0')}`)).status)
    assert.deepEqual(
      guesses.slice(0, 10),
      Array.from({ length: 10 }, () => 401),
    )
    assert.ok(guesses.slice(10).every((status) => status === 429))
    assert.equal((await ask(key)).status, 200)
  })
})
