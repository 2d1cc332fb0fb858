import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { adoptReport } from '../cli/adopt/adopt-report.ts'
import type { AdoptReport } from '../cli/adopt/adopt-report.ts'
import { overlayText } from '../cli/adopt/overlay-file.ts'
import { loadApis } from '../src/gateway/load-apis.ts'
import type { AdoptFinding } from '../src/store/records.ts'
import { BROKEN } from './adopt/broken-documents.ts'
import type { BrokenDocument } from './adopt/broken-documents.ts'
import { answer, documentWith, HONEST } from './adopt/true-shop.ts'
import type { Ask, Asker, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { GatewayPlan, TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'

/** A gateway in front of the shop, with a client that shows a key. */
interface Range {
  readonly gateway: TestGateway
  readonly client: Asker
  readonly key: string
  honest(plan: Ask): Promise<Got>
  close(): Promise<void>
}

const ADOPT = `profile: { name: adopt, until: ${new Date(Date.now() + 9 * 86_400_000).toISOString().slice(0, 10)} }`

async function openRange(plan: GatewayPlan): Promise<Range> {
  const gateway = await startGateway(plan)
  const client = asker(gateway.httpsPort, gateway.ca)
  const { key } = await gateway.createKey()
  return {
    gateway,
    client,
    key,
    honest: (ask) => client.ask({ ...ask, headers: { 'x-api-key': key, ...ask.headers } }),
    close: async () => {
      client.close()
      await gateway.close()
    },
  }
}

/** Everything in the books, after what is known was written. */
async function findingsOf({ gateway }: Range): Promise<readonly AdoptFinding[]> {
  await gateway.running.gateway.adoption.flush()
  return gateway.running.gateway.services.records.adopt.list()
}

async function reportOf(range: Range): Promise<AdoptReport> {
  await findingsOf(range)
  const { loaded, services } = range.gateway.running.gateway
  const filter = { api: undefined, operation: undefined }
  return adoptReport(loaded, loadApis(loaded.settings.apis), {
    records: services.records.adopt,
    filter,
  })
}

function configOf(upstream: string, parts: { readonly lines: string; readonly overlays: string }) {
  const overlays = parts.overlays === '' ? '' : `overlays: [${parts.overlays}]\n`
  return (
    `openapi: ./openapi.json\n${overlays}upstream: ${upstream}\n${parts.lines}\n` +
    'listen: { https: 8443, tls: auto }\nvalidate: { maxBody: 4kb }\n'
  )
}

function filesOf(broken: BrokenDocument): Record<string, string> {
  return {
    'openapi.json': documentWith(broken.damage),
    ...(broken.overlay === undefined ? {} : { 'log.json': JSON.stringify(broken.overlay) }),
  }
}

let shop: TestUpstream
before(async () => {
  shop = await startUpstream(answer)
})
after(() => shop.close())

/** What the shop itself answers. */
async function direct(plan: Ask): Promise<Got> {
  return asker(shop.port).ask(plan)
}

async function assertUnchanged(range: Range, plan: Ask): Promise<void> {
  const own = await direct(plan)
  const sent = shop.seen.at(-1)
  const got = await range.honest(plan)
  const what = `${plan.method ?? 'GET'} ${plan.target}`
  assert.equal(got.status, own.status, `${what}: ${got.text}`)
  assert.equal(got.text, own.text, what)
  assert.equal(got.headers.get('etag'), own.headers.get('etag'), what)
  assert.deepEqual(shop.seen.at(-1)?.body, sent?.body, what)
  assert.equal(shop.seen.at(-1)?.target, sent?.target, what)
}

suite('ten broken documents', { concurrency: false }, () => {
  test('there are ten', () => assert.equal(BROKEN.length, 10))
  for (const broken of BROKEN) {
    suite(broken.name, () => {
      let range: Range
      let report: AdoptReport
      before(async () => {
        const overlays = broken.overlay === undefined ? '' : './log.json'
        const lines = `${broken.config ?? ''}\n${ADOPT}`
        const yaml = configOf(shop.url, { lines, overlays })
        range = await openRange({ yaml, files: filesOf(broken) })
      })
      after(() => range.close())

      test('honest calls pass, and no byte changes', async () => {
        for (const plan of HONEST) await assertUnchanged(range, plan)
        report = await reportOf(range)
      })

      test('what differs is found', async () => {
        const rows = (await findingsOf(range)).map(
          ({ operation, kind, pointer }) => `${operation} ${kind} ${pointer}`,
        )
        for (const finding of broken.findings) assert.ok(rows.includes(finding), rows.join('\n'))
        const isQuiet = broken.findings.length === 0
        assert.equal(report.open === 0, isQuiet, JSON.stringify(report.operations))
      })

      test('what is enforced at once holds', () => assertEnforced(range))

      test('with the proposal and without the profile the honest calls pass', async () => {
        const actions = report.proposals.flatMap((one) => one.actions)
        const names = [
          ...(broken.overlay === undefined ? [] : ['./log.json']),
          ...(actions.length === 0 ? [] : ['./adopt.yaml']),
        ]
        const lines = broken.config ?? ''
        const enforcing = await openRange({
          yaml: configOf(shop.url, { lines, overlays: names.join(', ') }),
          files: { ...filesOf(broken), 'adopt.yaml': overlayText('shop', actions) },
        })
        try {
          for (const plan of HONEST) await assertUnchanged(enforcing, plan)
          const leak = await enforcing.honest({ target: '/v1/orders/13' })
          assert.doesNotMatch(leak.text, /\$2b\$10|tok-1/)
        } finally {
          await enforcing.close()
        }
      })
    })
  }
})

/** Every item that the profile does not hold back. */
async function assertEnforced(range: Range): Promise<void> {
  const { client, honest } = range
  assert.equal((await client.ask({ target: '/v1/orders/7' })).status, 401, 'no credential')
  await honest({ target: '/v1/orders/7', headers: { 'x-forwarded-for': '203.0.113.9' } })
  const forwarded = shop.seen.at(-1)?.rawHeaders.join('\n') ?? ''
  assert.doesNotMatch(forwarded, /203\.0\.113\.9/, 'forged header')
  assert.equal((await honest({ target: '/v1/debug' })).status, 404, 'undeclared operation')
  const big = { sku: 'x'.repeat(5000), count: 1 }
  const large = await honest({ method: 'POST', target: '/v1/orders', body: big })
  assert.equal(large.status, 413, 'large body')
  assert.equal((await honest({ target: '/v1/orders/%00' })).status, 400, 'wire rules')
  const trace = await honest({ target: '/v1/orders/500' })
  assert.equal(trace.status, 502, 'stack trace')
  assert.doesNotMatch(trace.text, /orders\.js/)
  const leak = await honest({ target: '/v1/orders/13' })
  assert.equal(leak.status, 200)
  assert.doesNotMatch(leak.text, /passwordHash|\$2b\$10|resetToken|tok-1/, 'secrets')
  const statuses: number[] = []
  for (let i = 0; i < 12; i++) {
    const headers = { 'x-api-key': 'wrong' }
    statuses.push((await client.ask({ target: '/v1/orders/7', from: '127.7.0.1', headers })).status)
  }
  assert.equal(statuses[0], 401)
  assert.equal(statuses.at(-1), 429, 'failure limit')
}

suite('what must not teach', () => {
  let range: Range
  before(async () => {
    const closed = { type: 'object', additionalProperties: false }
    const document = documentWith([['/components/schemas/Order', closed]])
    range = await openRange({
      yaml: configOf(shop.url, { lines: ADOPT, overlays: '' }),
      files: { 'openapi.json': document },
    })
  })
  after(() => range.close())

  test('callers without a credential, and what is refused', async () => {
    await range.client.ask({ target: '/v1/orders?isAdmin=1' })
    await range.client.ask({ target: '/v1/orders?isAdmin=1', headers: { 'x-api-key': 'wrong' } })
    const kinds = (await findingsOf(range)).map(({ kind }) => kind)
    assert.ok(!kinds.includes('request-unknown-parameter'), kinds.join())
  })

  test('secrets are told of and kept out of every proposal', async () => {
    await range.honest({ target: '/v1/orders/13' })
    const { operations, proposals } = await reportOf(range)
    const text = JSON.stringify(proposals)
    assert.match(text, /total/)
    assert.doesNotMatch(text, /hash|reset/i)
    const kept = operations
      .flatMap(({ findings }) => findings)
      .filter(({ outcome }) => outcome === 'kept-out')
    assert.match(JSON.stringify(kept), /passwordHash/)
  })

  test('paths that reach nothing are listed, never proposed', async () => {
    await range.honest({ target: '/v1/carts/12345' })
    await range.honest({ target: '/old/v2/orders/7' })
    const { undeclared } = await reportOf(range)
    assert.deepEqual(undeclared.map(({ kind, pointer }) => `${kind} ${pointer}`).toSorted(), [
      'undeclared-operation GET /v1/carts/{id}',
      'wrong-base-path api /old/v2',
    ])
  })
})

suite('how it ends', () => {
  const untold = {
    'openapi.json': documentWith([['/components/schemas/Order/properties/customer', undefined]]),
  }

  test('an operation graduates by itself and is enforced; the others go on', async () => {
    const range = await openRange({
      yaml: configOf(shop.url, { lines: ADOPT, overlays: '' }),
      files: untold,
      adopt: { calls: 3, quietCalls: 3, trialMs: 0, flushMs: 3_600_000 },
    })
    try {
      for (let i = 0; i < 3; i++) await range.honest({ target: '/v1/report' })
      await range.honest({ target: '/v1/orders/7' })
      await findingsOf(range)
      assert.deepEqual(
        (await reportOf(range)).operations
          .filter(({ state }) => state !== 'unused')
          .map(({ operation, state }) => `${operation} ${state}`)
          .toSorted(),
        ['getOrder open', 'report graduated'],
      )
      assert.equal((await range.honest({ target: '/v1/report?x=1' })).status, 400, 'enforced')
      assert.equal((await range.honest({ target: '/v1/orders/7?x=1' })).status, 200, 'not yet')
      const events = (await range.gateway.log()).map((line) => line['event.action'])
      assert.ok(events.includes('sp_adopt_graduated'))
    } finally {
      await range.close()
    }
  })

  test('everything is enforced when the profile ends, and its end is announced', async () => {
    const until = new Date(Date.now() + 1_500).toISOString()
    const range = await openRange({
      yaml: configOf(shop.url, {
        lines: `profile: { name: adopt, until: ${until} }`,
        overlays: '',
      }),
      files: untold,
    })
    try {
      assert.match((await range.honest({ target: '/v1/orders/7' })).text, /customer/)
      const notice = (await range.gateway.log()).find(
        (line) => line['event.action'] === 'sp_adopt_expiring',
      )
      assert.equal(notice?.['sallyport.operations'], 0)
      await new Promise((done) => setTimeout(done, Date.parse(until) - Date.now() + 300))
      const after = await range.honest({ target: '/v1/orders/7' })
      assert.doesNotMatch(after.text, /customer/)
      assert.equal(after.status, 200)
    } finally {
      await range.close()
    }
  })
})

suite('no byte changes', () => {
  const body = gzipSync(JSON.stringify({ id: 7, extra: 1.0 }))
  let coded: TestUpstream
  let range: Range
  before(async () => {
    coded = await startUpstream((_request, response) => {
      const fields = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
      response.writeHead(200, { ...fields, etag: '"z"', 'set-cookie': 'sid=1; Path=/' }).end(body)
    })
    const yaml = configOf(coded.url, { lines: ADOPT, overlays: '' })
    range = await openRange({ yaml, files: { 'openapi.json': documentWith([]) } })
  })
  after(async () => {
    await range.close()
    await coded.close()
  })

  test('of a coded answer, its fields and its cookies', async () => {
    const got = await range.honest({ target: '/v1/orders/7' })
    assert.deepEqual(got.body, body)
    assert.equal(got.headers.get('content-encoding'), 'gzip')
    assert.equal(got.headers.get('content-length'), String(body.length))
    assert.equal(got.headers.get('etag'), '"z"')
    assert.equal(got.headers.get('set-cookie'), 'sid=1; Path=/')
  })
})

suite('the command', () => {
  const run = promisify(execFile)
  const CLI = new URL('../cli/sallyport.mjs', import.meta.url).pathname

  async function adopt(folder: string, ...flags: string[]): Promise<{ code: number; out: string }> {
    try {
      const { stdout } = await run(process.execPath, [CLI, 'adopt', ...flags], { cwd: folder })
      return { code: 0, out: stdout }
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
      return { code, out: stdout + stderr }
    }
  }

  test('shows, writes an Overlay that settles everything, graduates and forgets', async () => {
    const broken = BROKEN.at(-1)
    assert.ok(broken !== undefined)
    const yaml = configOf(shop.url, { lines: `${ADOPT}\nstore: sqlite:./s.db`, overlays: '' })
    const range = await openRange({ yaml, files: filesOf(broken), isAlone: true })
    const { folder } = range.gateway
    try {
      assert.equal((await adopt(folder)).code, 0, 'nothing was seen yet')
      for (const plan of HONEST) await range.honest(plan)
      await findingsOf(range)
      const shown = await adopt(folder)
      assert.equal(shown.code, 3)
      assert.match(shown.out, /addOrder[^]*request-unknown-field/)
      const json = JSON.parse((await adopt(folder, '--json')).out) as AdoptReport
      assert.equal(json.open, 3)
      const written = await adopt(folder, '--overlay', 'adopt.yaml')
      assert.match(written.out, /overlays: \[\.\/adopt\.yaml\]/)
      const text = readFileSync(join(folder, 'adopt.yaml'), 'utf8')
      assert.match(text, /^overlay: 1\.0\.0$/m)
      assert.equal((await adopt(folder, '--overlay', 'adopt.yaml')).code, 1, 'never replaced')
      range.gateway.write('sallyport.yaml', `${yaml}overlays: [./adopt.yaml]\n`)
      const settled = await adopt(folder)
      assert.equal(settled.code, 0, settled.out)
      assert.equal((await adopt(folder, '--graduate', 'nothing')).code, 1)
      assert.match((await adopt(folder, '--graduate', 'report')).out, /report +graduated/)
      await adopt(folder, '--reset', 'getOrder')
      const rows = await range.gateway.running.gateway.services.records.adopt.list()
      assert.ok(!rows.some(({ operation }) => operation === 'getOrder'))
    } finally {
      await range.close()
    }
    assert.ok(!existsSync(folder))
  })
})
