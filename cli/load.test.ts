import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { ConfigError } from '../src/base/config-error.ts'
import { configFile, loadFromFlags } from './load.ts'
import type { ConfigOptions } from './load.ts'

const CONFIG = 'openapi: ./openapi.yaml\nupstream: http://127.0.0.1:3000\n'

/** Goes to a folder of its own with these files, until the test ends. */
function enter(t: TestContext, files: Readonly<Record<string, string>>): string {
  const before = process.cwd()
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-load-')))
  const all = { 'openapi.yaml': 'openapi: 3.1.0\n', ...files }
  for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text)
  process.chdir(folder)
  t.after(() => {
    process.chdir(before)
    rmSync(folder, { recursive: true })
  })
  return folder
}

suite('the configuration that the flags name', () => {
  test('is the file after -c', async (t) => {
    const folder = enter(t, { 'other.yaml': CONFIG, 'sallyport.yaml': 'broken: true\n' })
    const loaded = await loadFromFlags({ config: 'other.yaml' })
    assert.equal(loaded.file, join(folder, 'other.yaml'))
  })

  test('is what the two flags say, whatever stands here', async (t) => {
    const folder = enter(t, { 'sallyport.yaml': 'broken: true\n' })
    const upstream = 'http://127.0.0.1:4000'
    const loaded = await loadFromFlags({ openapi: 'openapi.yaml', upstream })
    assert.equal(loaded.file, undefined)
    assert.equal(loaded.settings.apis[0]?.openapi, join(folder, 'openapi.yaml'))
    assert.equal(loaded.settings.apis[0].upstream.origin, upstream)
  })

  const found: [name: string, files: readonly string[], file: string | undefined][] = [
    ['is sallyport.yaml here', ['sallyport.yaml', 'sallyport.yml'], 'sallyport.yaml'],
    ['is sallyport.yml here', ['sallyport.yml', 'sallyport.config.ts'], 'sallyport.yml'],
    ['is a module here', ['sallyport.config.ts', 'sallyport.config.js'], 'sallyport.config.ts'],
    ['is none where there is none', ['gateway.yaml'], undefined],
  ]
  for (const [name, files, file] of found) {
    test(name, (t) => {
      enter(t, Object.fromEntries(files.map((one) => [one, CONFIG])))
      assert.equal(configFile({}), file)
    })
  }
})

suite('refusals', () => {
  const refused: [name: string, options: ConfigOptions, message: RegExp][] = [
    ['one of the two flags', { openapi: 'openapi.yaml' }, /go together/],
    ['the other of the two flags', { upstream: 'http://127.0.0.1:1' }, /go together/],
    [
      'a file beside the two flags',
      { config: 'a.yaml', openapi: 'openapi.yaml', upstream: 'http://127.0.0.1:1' },
      /-c names a file/,
    ],
    ['nothing here', {}, /no sallyport\.yaml here.*sallyport init/],
    ['a file that is not there', { config: 'nowhere.yaml' }, /nowhere\.yaml/],
  ]
  for (const [name, options, message] of refused) {
    test(`${name} is told with what would be right`, async (t) => {
      enter(t, {})
      await assert.rejects(
        loadFromFlags(options),
        (error) => error instanceof ConfigError && message.test(error.message),
      )
    })
  }
})

test('secrets come from the environment', async (t) => {
  enter(t, {
    'sallyport.yaml': `${CONFIG}listen: { tls: { cert: 'env:SP_TEST_CERT', key: 'env:SP_TEST_KEY' } }\n`,
  })
  await assert.rejects(loadFromFlags({}), /SP_TEST_CERT/)
  process.env['SP_TEST_CERT'] = 'cert'
  process.env['SP_TEST_KEY'] = 'key'
  t.after(() => {
    delete process.env['SP_TEST_CERT']
    delete process.env['SP_TEST_KEY']
  })
  const { tls } = (await loadFromFlags({})).settings.listen
  assert.equal(tls.kind === 'given' && tls.cert, 'cert')
})
