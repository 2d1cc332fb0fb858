import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { ConfigError } from '../base/config-error.ts'
import type { ConfigFault } from '../base/config-error.ts'
import { makeFolder } from './config/config-fixture.ts'
import { loadApis } from './load-apis.ts'
import type { LoadedApi } from './load-apis.ts'
import { DOCUMENT, ENDLESS } from './testing/gateway-folder.ts'

const OVERLAY = `overlay: 1.0.0
info: { title: More, version: '1' }
actions: [{ target: "$.paths['/health']", remove: true }]
`

/** Loads one API per document, in the order given; `undefined`: the file is not there. */
function load(
  t: TestContext,
  documents: Readonly<Record<string, string | undefined>>,
  overlays: readonly string[] = [],
): LoadedApi[] {
  const files = Object.entries(documents).filter(([, text]) => text !== undefined)
  const folder = makeFolder(t, Object.fromEntries(files) as Record<string, string>)
  return loadApis(
    Object.keys(documents)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => ({
        name: name.replace('.yaml', ''),
        openapi: join(folder, name),
        overlays: overlays.map((file) => join(folder, file)),
      })),
  )
}

function faultsOf(run: () => unknown): readonly ConfigFault[] {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.faults
  }
  return assert.fail('was loaded')
}

suite('documents', () => {
  test('are loaded in the order of the settings, each with its compilers', (t) => {
    const apis = load(t, { 'b.yaml': DOCUMENT, 'a.yaml': DOCUMENT })
    assert.deepEqual(
      apis.map(({ runtime }) => runtime.model.name),
      ['b', 'a'],
    )
    const [first] = apis
    assert.equal(first?.runtime.model.operations.length, 2)
    const { requestSchemas, looseRequestSchemas, responseSchemas } = first.runtime
    assert.equal(requestSchemas.options.unknownFields, 'refuse')
    assert.equal(looseRequestSchemas.options.unknownFields, 'allow')
    assert.equal(responseSchemas.options.direction, 'response')
  })

  test('take their overlays', (t) => {
    const [api] = load(t, { 'a.yaml': DOCUMENT, 'more.overlay': OVERLAY }, ['more.overlay'])
    assert.deepEqual(
      api?.runtime.model.operations.map(({ id }) => id),
      ['list'],
    )
  })

  test('of all APIs are judged before anything is said', (t) => {
    const faults = faultsOf(() =>
      load(t, {
        'a.yaml': 'openapi: 3.1.0\n',
        'b.yaml': DOCUMENT,
        'c.yaml': undefined,
        'd.yaml': 'x: [',
      }),
    )
    const told = faults
      .map(({ file, path, message }) => `${file ?? ''} ${path} ${message}`)
      .join('\n')
    assert.match(told, /a\.yaml/)
    assert.match(told, /c\.yaml/)
    assert.match(told, /d\.yaml/)
    assert.doesNotMatch(told, /b\.yaml/)
  })

  test('in a folder that is not there are told with what to do', () => {
    const openapi = join(import.meta.dirname, 'no/such/folder/a.yaml')
    const [fault] = faultsOf(() => loadApis([{ name: 'a', openapi, overlays: [] }]))
    assert.equal(fault?.path, 'apis.a.openapi')
    assert.equal(fault.cure, 'name a file that can be read')
    assert.doesNotMatch(fault.message, /no\/such/, 'the jail names no path of the machine')
  })

  test('are not blamed for a defect', () => {
    const api = { name: 'a', overlays: [] } as unknown as Parameters<typeof loadApis>[0][number]
    assert.throws(() => loadApis([api]), TypeError)
  })

  test('do not reach out of their folder', (t) => {
    const outside = DOCUMENT.replace(
      "responses: { '200': { description: ok } } }",
      "responses: { '200': { $ref: '../../../etc/passwd' } } }",
    )
    const faults = faultsOf(() => load(t, { 'a.yaml': outside }))
    assert.match(faults[0]?.message ?? '', /outside|refus|resolve/)
    assert.doesNotMatch(JSON.stringify(faults), /root:/)
  })

  test('collect what their schemas have to say while those are compiled', (t) => {
    const [api] = load(t, { 'a.yaml': ENDLESS })
    assert.ok(api)
    const isBroken = (): boolean => api.findings.some(({ severity }) => severity === 'error')
    assert.equal(isBroken(), false)
    const [response] = api.runtime.model.operations[0]!.responses.values()
    const [media] = response!.content
    assert.ok(media?.schema)
    api.runtime.responseSchemas.filter(media.schema)
    assert.equal(isBroken(), true)
  })
})
