import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startShop } from '../examples/shop/server.ts'
import type { Shop } from '../examples/shop/server.ts'
import type { Asker, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import { clientAddress } from './kit/problem.ts'

// The shop signs its tokens with a word of every list and never looks at a signature: behind the gateway nobody reads
// one, makes one or uses one that was not handed out here.

const DOCUMENT = fileURLToPath(new URL('../examples/shop/openapi.yaml', import.meta.url))
const WRAP = 'wrap: { operation: login, field: token, subject: sub, claims: [name, admin] }'

interface Session {
  readonly token: string
  readonly user: { readonly id: number }
}

let client = 0

suite('the shop behind wrapped tokens', () => {
  let shop: Shop
  let gateway: TestGateway
  let through: Asker

  before(async () => {
    shop = await startShop({ quiet: true })
    gateway = await startGateway({
      yaml:
        `openapi: ${JSON.stringify(DOCUMENT)}\nupstream: ${shop.url}\n` +
        `listen: { https: 8443, tls: auto }\nauth: { ${WRAP} }\ndata: { uniform: [login] }\n`,
    })
    through = asker(gateway.httpsPort, gateway.ca)
  })
  after(async () => {
    through.close()
    await Promise.all([gateway.close(), shop.close()])
  })

  const logIn = (email: string, password: string): Promise<Got> =>
    through.ask({
      method: 'POST',
      target: '/login',
      body: { email, password },
      from: clientAddress(41, client++),
    })
  const session = async (who: 'alice' | 'bob' = 'alice'): Promise<Session> => {
    const { email, password } = shop.users[who]
    const answer = await logIn(email, password)
    assert.equal(answer.status, 200, answer.text)
    return answer.json() as Session
  }
  const me = (authorization: string): Promise<Got> =>
    through.ask({
      target: '/users/me',
      headers: { authorization },
      from: clientAddress(42, client++),
    })
  const forged = (secret: string): string => {
    const encode = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url')
    const data = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: '1' })}`
    return `${data}.${createHmac('sha256', secret).update(data).digest('base64url')}`
  }

  test('the log-in hands out a token that nobody can read', async () => {
    const { token } = await session()
    assert.match(token, /^spw_[\w-]{64,}$/)
    const bytes = Buffer.from(token.slice(4), 'base64url').toString('latin1')
    assert.equal(/eyJ|"sub"|alice/i.test(bytes), false)
  })

  test('it is good for who logged in, in any case of the scheme', async () => {
    const { token, user } = await session()
    for (const scheme of ['Bearer', 'bearer']) {
      const answer = await me(`${scheme} ${token}`)
      assert.equal(answer.status, 200, answer.text)
      assert.equal((answer.json() as { id: number }).id, user.id)
    }
    const bob = await session('bob')
    assert.equal(((await me(`Bearer ${bob.token}`)).json() as { id: number }).id, bob.user.id)
  })

  test('every log-in gets another token', async () => {
    assert.notEqual((await session()).token, (await session()).token)
  })

  test('a token of the shop itself, right or made up, is 401 and tells nothing', async () => {
    const good = shop.tokenFor(shop.users.alice.id)
    const sealed = (await session()).token
    const rows = {
      'the shop’s own': good,
      'one signed with its secret': forged('secret'),
      'one that is not signed': `${forged('x').split('.').slice(0, 2).join('.')}.`,
      'one with the prefix': `spw_${Buffer.from(good).toString('base64url')}`,
      'a sealed one with another last character': `${sealed.slice(0, -1)}${sealed.endsWith('A') ? 'B' : 'A'}`,
      'a sealed one cut short': sealed.slice(0, -8),
      'a sealed one with more behind': `${sealed}AAAA`,
      'a sealed one without its prefix': sealed.slice(4),
    }
    const texts = new Set<string>()
    for (const [name, token] of Object.entries(rows)) {
      const answer = await me(`Bearer ${token}`)
      assert.equal(answer.status, 401, name)
      texts.add(answer.text.replace(/"requestId":"\w+"|"instance":"[^"]+"/g, ''))
    }
    assert.equal(texts.size, 1, [...texts].join('\n'))
  })

  test('the shop gets its own token, and never the sealed one', async () => {
    const { token } = await session()
    assert.equal((await me(`Bearer ${token}`)).status, 200)
    const log = await gateway.log()
    const line = log.findLast(
      (one) => one['url.path'] === '/users/me' || JSON.stringify(one).includes('/users/me'),
    )
    assert.match(JSON.stringify(line), /wrapped/)
    const text = await gateway.logText()
    assert.equal(text.includes(token) || text.includes(token.slice(4, 40)), false)
    assert.equal(/eyJ/.test(text), false)
  })

  test('an unknown user and a wrong password are answered alike, after the same step of time', async () => {
    const { email } = shop.users.alice
    const answers: [Got, number][] = []
    for (const who of [email, 'nobody@shop.example']) {
      const started = performance.now()
      answers.push([await logIn(who, 'wrong-password'), performance.now() - started])
    }
    const [known, unknown] = answers
    assert.ok(known !== undefined && unknown !== undefined)
    assert.equal(known[0].status, 401)
    assert.equal(unknown[0].status, 401)
    const shape = ({ text, headers }: Got): unknown => [
      text.replaceAll(/[0-9a-f]{32}/g, 'ID'),
      [...headers].filter(
        ([name]) => !/^(?:date|sallyport-request-id|x?-?ratelimit.*)$/.test(name),
      ),
    ]
    assert.deepEqual(shape(known[0]), shape(unknown[0]))
    for (const [, ms] of answers) assert.ok(ms >= 245, `${ms}`)
  })
})
