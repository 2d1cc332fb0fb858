import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Ask, Asker, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import { assertFields, assertRefusal, clientAddress } from './kit/problem.ts'
import { guardLibrary } from './library/behind-gateway.ts'
import type { GuardedLibrary } from './library/behind-gateway.ts'

for (const transport of ['node', 'fast'] as const) {
  suite(`over ${transport}`, () => {
    const MEMBER = '/v2/members/7'
    const QUOTA = 'https://iana.org/assignments/http-problem-types#quota-exceeded'

    /** Asserts a 429 with every field that tells the client when to come back. */
    function assertLimited(got: Got, policy: string): void {
      assertRefusal(got, 429, {
        'retry-after': /^[1-9]\d*$/,
        'ratelimit-policy': new RegExp(`(^|\\n|, )"${policy}";q=\\d+;w=\\d+`),
        ratelimit: new RegExp(`(^|\\n|, )"${policy}";r=0;t=\\d+`),
        'x-ratelimit-limit': /^\d+$/,
        'x-ratelimit-remaining': /^0$/,
        'x-ratelimit-reset': /^\d+$/,
      })
      const problem = got.json() as Record<string, unknown>
      assert.equal(problem['type'], QUOTA)
      assert.deepEqual(problem['violated-policies'], [policy])
      const t = Number(/;t=(\d+)/.exec(got.headers.get('ratelimit') ?? '')?.[1])
      assert.ok(Number(got.headers.get('retry-after')) >= t)
    }

    /** Asks `count` times, one after the other; the answers. */
    async function many(count: number, ask: () => Promise<Got>): Promise<readonly Got[]> {
      const answers: Got[] = []
      for (let i = 0; i < count; i++) answers.push(await ask())
      return answers
    }

    suite('the limits of the three lines', () => {
      let lib: GuardedLibrary
      before(async () => {
        lib = await guardLibrary({ transport })
      })
      after(() => lib.close())
      const ask = (plan: Ask): Promise<Got> => lib.through.ask(plan)

      test('a flood from one address is slowed, its neighbors are not', async () => {
        const from = clientAddress(22, 0)
        const answers = await Promise.all(
          Array.from({ length: 140 }, () => ask({ target: '/v2/books', from })),
        )
        const limited = answers.filter(({ status }) => status === 429)
        assert.ok(limited.length > 0 && limited.length <= 40, `${limited.length} refused`)
        // Whichever of the two limits that count strangers by their address is reached first.
        const { 'violated-policies': policies } = limited[0]!.json() as Record<string, string[]>
        assert.match(policies?.join() ?? '', /^(?:ip|principal)$/)
        assertLimited(limited[0]!, policies![0]!)
        assert.equal((await ask({ target: '/v2/books', from: clientAddress(22, 1) })).status, 200)
      })

      test('ten wrong keys ban wrong keys of that address, not the right one', async () => {
        const from = clientAddress(22, 2)
        const wrong = { target: MEMBER, from, headers: { 'x-library-card': 'sp_sk_live_wrong' } }
        const answers = await many(12, () => ask(wrong))
        const statuses = answers.map(({ status }) => status)
        assert.deepEqual(
          statuses.slice(0, 10),
          Array.from({ length: 10 }, () => 401),
        )
        assertLimited(answers.at(-1)!, 'failures')
        const right = await ask({ target: MEMBER, from, headers: { 'x-library-card': lib.key } })
        assert.equal(right.status, 200)
      })

      test('a walk over paths is slowed', async () => {
        const from = clientAddress(22, 3)
        const answers = await many(70, () => ask({ target: '/v2/hidden', from }))
        assert.equal(answers[0]!.status, 404)
        assertLimited(answers.at(-1)!, 'errors')
        const log = await lib.gateway.log()
        assert.ok(log.some((line) => line['event.action'] === 'malicious_excess_404'))
      })

      test('a key is told what is left of its limit', async () => {
        const { key } = await lib.gateway.createKey()
        const headers = { 'x-library-card': key }
        const from = clientAddress(22, 4)
        const [first, second] = await many(2, () => ask({ target: MEMBER, from, headers }))
        assertFields(first!, { 'ratelimit-policy': /"principal";q=600;w=60/, ratelimit: /;r=99;/ })
        assertFields(second!, { ratelimit: /;r=98;/ })
      })
    })

    suite('limits that were written', () => {
      const LIMITS =
        'limits: { ip: off, failures: off, errors: off, principal: 5/min burst 5, operations: { join: "2/min by ip, body.email" } }'
      let lib: GuardedLibrary
      let other: Asker
      before(async () => {
        lib = await guardLibrary({ transport, more: LIMITS })
        other = asker(lib.gateway.httpsPort, lib.gateway.ca)
      })
      after(async () => {
        other.close()
        await lib.close()
      })

      test('a key has its own limit wherever it comes from', async () => {
        const headers = { 'x-library-card': lib.key }
        const answers: Got[] = []
        for (let i = 0; i < 6; i++)
          answers.push(
            await lib.through.ask({ target: MEMBER, headers, from: clientAddress(23, i) }),
          )
        assert.deepEqual(
          answers.map(({ status }) => status),
          [200, 200, 200, 200, 200, 429],
        )
        assertLimited(answers[5]!, 'principal')
        const { key } = await lib.gateway.createKey()
        const got = await lib.through.ask({ target: MEMBER, headers: { 'x-library-card': key } })
        assert.equal(got.status, 200)
      })

      test('an operation has a limit by address and by a field of its body', async () => {
        const join = (email: string): Promise<Got> =>
          lib.through.ask({
            method: 'POST',
            target: '/v2/members',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: `name=a&email=${email}`,
            from: clientAddress(24, 1),
          })
        const statuses = [
          await join('a@b.example'),
          await join('a@b.example'),
          await join('a@b.example'),
          await join('c@b.example'),
        ].map(({ status }) => status)
        assert.deepEqual(statuses, [201, 201, 429, 201])
      })

      test('a limit that is off never refuses', async () => {
        const answers = await Promise.all(
          Array.from({ length: 300 }, () =>
            other.ask({ target: '/v2/hidden', from: clientAddress(25, 1) }),
          ),
        )
        assert.deepEqual([...new Set(answers.map(({ status }) => status))], [404])
      })
    })

    suite('plain HTTP as it was configured', () => {
      const ways: readonly [plain: string, status: number][] = [
        ['redirect', 308],
        ['refuse', 403],
        ['serve', 200],
      ]
      for (const [plain, status] of ways) {
        test(`${plain}: ${status}`, async () => {
          const lib = await guardLibrary({ transport })
          const { gateway } = lib
          gateway.write(
            'sallyport.yaml',
            `openapi: ./openapi.yaml\nupstream: ${lib.upstream.url}\nlisten: { https: 8443, http: 8080, plain: ${plain}, address: 127.0.0.1, tls: auto }\nlogs: { sinks: ["file:./gateway.log"] }\nstore: "memory:"\n`,
          )
          const result = await gateway.running.reload()
          assert.ok(result.ok, JSON.stringify(result))
          const client = asker(gateway.httpPort)
          const got = await client.ask({ target: '/v2/books' })
          assert.equal(got.status, status)
          if (status === 403)
            assertRefusal(got, 403, { connection: /^close$/, location: undefined })
          assertFields(got, { 'strict-transport-security': undefined })
          const withKey = { target: MEMBER, headers: { 'x-library-card': lib.key } }
          const keyed = await client.ask(withKey)
          if (plain === 'serve') assert.equal(keyed.status, 200)
          else assertRefusal(keyed, 403, { connection: /^close$/ })
          const seenOverPlain = lib.upstream.seen.at(-1)?.rawHeaders ?? []
          if (plain === 'serve') assert.ok(seenOverPlain.includes('http'), 'X-Forwarded-Proto')
          await lib.close()
        })
      }
    })
  })
}
