import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { FakeClock } from '../base/clock.ts'
import { ConfigError } from '../base/config-error.ts'
import type { ConfigFault } from '../base/config-error.ts'
import { controls } from '../controls/index.ts'
import { compileApis } from './build-plan.ts'
import type { BuildContext, BuiltPlan } from './build-plan.ts'
import { loadText } from './config/config-fixture.ts'
import type { LoadedConfig } from './config/load-config.ts'
import { loadApis } from './load-apis.ts'
import { openServices, openTokens } from './services.ts'
import { CONFIG, DOCUMENT, ENDLESS } from './testing/gateway-folder.ts'

function contextOf(loaded: LoadedConfig): BuildContext {
  const clock = new FakeClock()
  return {
    services: openServices({ ...loaded.settings, store: { kind: 'memory' } }, clock),
    tokens: openTokens(loaded.settings, () => undefined),
    clock,
    moment: { nowMs: clock.nowMs(), graduated: new Set(), certificateNames: [] },
  }
}

async function build(
  t: TestContext,
  config: string,
  files: Readonly<Record<string, string>> = {},
): Promise<BuiltPlan> {
  const loaded = await loadText(t, config, { files: { 'openapi.yaml': DOCUMENT, ...files } })
  return compileApis(loaded, loadApis(loaded.settings.apis), contextOf(loaded))
}

async function faultsOf(...args: Parameters<typeof build>): Promise<readonly ConfigFault[]> {
  try {
    await build(...args)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.faults
  }
  return assert.fail('was built')
}

const TWO_APIS = `apis:
  one: { openapi: ./openapi.yaml, upstream: http://127.0.0.1:3001 }
  two: { openapi: ./two.yaml, upstream: 'http://127.0.0.1:3002/inner/' }
`
const TWO = DOCUMENT.replace('url: /v1', 'url: /v2')

suite('a plan of a configuration', () => {
  test('has the sites of all documents, in order, and their files', async (t) => {
    const built = await build(t, TWO_APIS, { 'two.yaml': TWO })
    assert.deepEqual(
      built.plan.sites.map(({ site }) => `${site.index} ${site.operation.api} ${site.label}`),
      [
        '0 one GET /v1/orders',
        '1 one GET /v1/health',
        '2 two GET /v2/orders',
        '3 two GET /v2/health',
      ],
    )
    const names = built.files.map((file) => file.replace(/^.*\//, ''))
    assert.deepEqual(names, ['openapi.yaml', 'two.yaml'])
    assert.equal(built.kit.sites.length, 4)
    assert.equal(built.kit.hasIssuers, false)
    assert.equal(built.plan.id.length, 12)
  })

  test('a rule that names a whole public path holds', async (t) => {
    const rule = 'rules: [{ path: /v1/orders, validate: { maxDepth: 5 } }]\n'
    const { plan } = await build(t, CONFIG + rule)
    assert.deepEqual(
      plan.sites.map(({ site }) => site.policy.validate.maxDepth),
      [5, 32],
    )
  })

  test('a rule says who may call what it selects, and faults stand where it is written', async (t) => {
    const rule = 'rules: [{ path: /v1/orders, authorize: { acl: { roles: [hr] }, when: X } }]\n'
    const { plan } = await build(t, CONFIG + rule.replace('X', '"acr == \\"high\\""'))
    const [orders] = plan.sites
    assert.deepEqual([...(orders?.site.policy.authorize.operations ?? [])].length, 1)
    const faults = await faultsOf(t, CONFIG + rule.replace('X', '"path.nope == acr"'))
    assert.deepEqual(
      faults.map(({ path }) => path),
      ['rules[0].authorize.when'],
    )
  })

  const bases: [name: string, config: string, ours: string, theirs: string, host: string][] = [
    ['of the document for both sides', CONFIG, '/v1', '/v1', '127.0.0.1:3000'],
    [
      'of the upstream URL for the API',
      CONFIG.replace(':3000', ':3000/inner/'),
      '/v1',
      '/inner',
      '127.0.0.1:3000',
    ],
    [
      'as written for the public',
      `${CONFIG}basePath: /public/\n`,
      '/public',
      '/public',
      '127.0.0.1:3000',
    ],
    ['the root', `${CONFIG}basePath: /\n`, '', '', '127.0.0.1:3000'],
  ]
  for (const [name, config, ours, theirs, host] of bases) {
    test(`has the base path ${name}`, async (t) => {
      const { plan } = await build(t, config)
      const api = plan.apis.get('api')
      assert.equal(api?.publicBase, ours)
      assert.equal(api.upstreamBase, theirs)
      assert.equal(api.upstreamHost, host)
      assert.equal(plan.sites[0]?.site.label, `GET ${ours}/orders`)
    })
  }

  test('leaves out the control that a proof is about, and only that', async (t) => {
    const loaded = await loadText(t, CONFIG, { files: { 'openapi.yaml': DOCUMENT } })
    const context = contextOf(loaded)
    const apis = loadApis(loaded.settings.apis)
    const whole = compileApis(loaded, apis, context).plan
    const less = compileApis(loaded, apis, { ...context, omit: { control: 'hosts' } }).plan
    const names = (plan: BuiltPlan['plan']): string[] =>
      plan.entry.request.map(({ control }) => control)
    assert.deepEqual(
      names(less),
      names(whole).filter((name) => name !== 'hosts'),
    )
    assert.ok(names(whole).includes('hosts'))
  })

  test('runs the request hooks in the order of the list of controls', async (t) => {
    const { plan } = await build(t, CONFIG)
    const order = controls.map(({ name }) => name)
    const { request } = plan.sites[0]!.hooks
    const found = request.map(({ control }) => control).filter((name) => name !== 'authorize')
    assert.deepEqual(
      found,
      order.filter((name) => found.includes(name)),
    )
    assert.ok(found.includes('authenticate'))
    assert.equal(request.findIndex(({ control }) => control === 'authorize') > 0, true)
  })

  test('may be compiled again from the same documents at another moment', async (t) => {
    const until = '2026-02-01'
    const loaded = await loadText(t, `${CONFIG}profile: { name: adopt, until: ${until} }\n`, {
      files: { 'openapi.yaml': DOCUMENT },
    })
    const context = contextOf(loaded)
    const apis = loadApis(loaded.settings.apis)
    const adopts = (nowMs: number): boolean[] => {
      const built = compileApis(loaded, apis, { ...context, moment: { ...context.moment, nowMs } })
      assert.deepEqual(built.findings, [])
      return built.plan.sites.map(({ site }) => site.policy.adopt !== undefined)
    }
    assert.deepEqual(adopts(Date.UTC(2026, 0, 1)), [true, true])
    assert.deepEqual(adopts(Date.UTC(2026, 1, 1)), [false, false])
    assert.deepEqual(adopts(Date.UTC(2026, 0, 1)), [true, true])
  })
})

suite('faults', () => {
  test('of names, base paths, controls and schemas are told at once', async (t) => {
    const config = `apis:
  odd: { openapi: ./odd.yaml, upstream: http://127.0.0.1:3001 }
  endless: { openapi: ./endless.yaml, upstream: http://127.0.0.1:3002 }
  one: { openapi: ./openapi.yaml, upstream: http://127.0.0.1:3003 }
  same: { openapi: ./openapi.yaml, upstream: http://127.0.0.1:3004 }
rules: [{ operation: nope, mode: monitor }]
`
    const odd = DOCUMENT.replace('url: /v1', "url: '/%7Euser'")
    const faults = await faultsOf(t, config, { 'odd.yaml': odd, 'endless.yaml': ENDLESS })
    const told = faults.map(({ path, message }) => `${path} ${message}`).join('\n')
    assert.match(told, /apis\.odd\.basePath "\/%7Euser" is no canonical path/)
    assert.match(told, /nope/)
    assert.match(told, /GET \/v1\/orders of API "same" is already served/)
    assert.match(told, /\/components\/schemas\/A/)
  })

  test('of a schema name the place in the document', async (t) => {
    const faults = await faultsOf(t, CONFIG, { 'openapi.yaml': ENDLESS })
    assert.match(faults[0]?.file ?? '', /openapi\.yaml$/)
    assert.match(faults[0]?.path ?? '', /\/components\/schemas\/A/)
  })

  test('of a rule have the line where it stands', async (t) => {
    const rule = `${CONFIG}rules: [{ operation: lst, mode: monitor }]\n`
    const [fault] = await faultsOf(t, rule)
    assert.equal(fault?.line, 5)
    assert.match(fault.cure ?? '', /list/)
  })

  test('of a defect are no faults of the operator', async (t) => {
    const loaded = await loadText(t, CONFIG, { files: { 'openapi.yaml': DOCUMENT } })
    const apis = loadApis(loaded.settings.apis)
    const broken = { ...loaded, placeFault: () => assert.fail('asked without a fault') }
    assert.ok(compileApis(broken, apis, contextOf(loaded)).plan)
    const context = { ...contextOf(loaded), clock: undefined } as unknown as BuildContext
    const settings = { ...loaded.settings, rules: undefined } as unknown as LoadedConfig['settings']
    assert.throws(() => compileApis({ ...loaded, settings }, apis, context), TypeError)
  })
})
