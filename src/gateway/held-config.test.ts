import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { ConfigError } from '../base/config-error.ts'
import { heldConfig, holdConfig } from './held-config.ts'
import { CONFIG, DOCUMENT, gatewayFolder } from './testing/gateway-folder.ts'

const STORED = CONFIG.replace("'memory:'", 'sqlite:./s.db')

/** A configuration that was in force, held in `held` beside it. */
async function heldBy(
  t: TestContext,
  config = STORED,
  files: Readonly<Record<string, string>> = {},
) {
  const at = gatewayFolder(t, config, files)
  const gateway = await at.start()
  const path = join(at.folder, 'held')
  const { texts } = gateway.snapshot()
  holdConfig(path, gateway.loaded, { secrets: gateway.services.secrets, texts, nowMs: 1234 })
  return { at, gateway, path }
}

const refusal = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ConfigError)
  assert.equal(error.faults[0]?.path, '--last-good')
  assert.match(error.message, pattern)
  return true
}

suite('a configuration that is held', () => {
  test('comes back as it was, whatever stands in its files now', async (t) => {
    const { at, gateway, path } = await heldBy(t)
    at.write('sallyport.yaml', 'nonsense: [')
    rmSync(join(at.folder, 'openapi.yaml'))
    const held = heldConfig(path, {})
    assert.equal(held?.savedAtMs, 1234)
    assert.equal(held.loaded.hash, gateway.loaded.hash)
    assert.deepEqual(held.loaded.settings.apis, gateway.loaded.settings.apis)
    assert.deepEqual([...(held.loaded.texts?.[0]?.values() ?? [])], [DOCUMENT])
    assert.deepEqual(held.loaded.files, gateway.loaded.files)
  })

  test('holds references, and not what they lead to', async (t) => {
    const secret = 'a-secret-of-an-issuer-that-is-long-enough-0123456789'
    const auth = `auth: { jwt: { issuers: { 'https://id.example.com': { secret: 'file:./issuer' } } } }\n`
    const { at, path } = await heldBy(t, `${STORED}${auth}`, { issuer: secret })
    const text = readFileSync(path, 'utf8')
    assert.ok(text.includes('file:./issuer') && !text.includes(secret))
    rmSync(join(at.folder, 'issuer'))
    assert.throws(() => heldConfig(path, {}), /issuer/)
  })

  test('is there only where it was written', async (t) => {
    const { path } = await heldBy(t, CONFIG)
    assert.ok(!existsSync(path), 'keys in memory sign nothing that outlives them')
    assert.equal(heldConfig(path, {}), undefined)
  })

  const spoilt: [name: string, spoil: (path: string, folder: string) => void, says: RegExp][] = [
    [
      'was changed',
      (path) =>
        writeFileSync(path, readFileSync(path, 'utf8').replace('127.0.0.1:3000', '127.0.0.1:3001')),
      /was changed/,
    ],
    [
      'was signed with nothing',
      (path) => writeFileSync(path, readFileSync(path, 'utf8').replace(/^.*\n/, '\n')),
      /was changed/,
    ],
    ['is of another installation', (_, folder) => other(folder), /another installation/],
    ['lost its secrets', (_, folder) => rmSync(secretsIn(folder)), /cannot be checked without/],
    ['is open to others', (path) => chmodSync(path, 0o640), /open to others/],
    [
      'is cut short',
      (path) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, 200)),
      /is no/,
    ],
    ['is empty', (path) => writeFileSync(path, ''), /is no configuration that was held/],
    ['is something else', (path) => writeFileSync(path, 'a\n{"format":1}'), /is no/],
    [
      'is a link',
      (path, folder) => {
        writeFileSync(join(folder, 'real'), readFileSync(path), { mode: 0o600 })
        rmSync(path)
        symlinkSync(join(folder, 'real'), path)
      },
      /cannot be used/,
    ],
  ]
  for (const [name, spoil, says] of spoilt)
    test(`that ${name} is refused`, async (t) => {
      const { at, path } = await heldBy(t)
      spoil(path, at.folder)
      assert.throws(() => heldConfig(path, {}), refusal(says))
    })
})

const secretsIn = (folder: string): string => join(folder, 'sallyport.secrets')

/** Other secrets in the place of those that signed. */
function other(folder: string): void {
  const text = readFileSync(secretsIn(folder), 'utf8')
  const document = JSON.parse(text) as { peppers: Record<string, string> }
  const pepper = Buffer.alloc(32, 7).toString('base64url')
  writeFileSync(secretsIn(folder), JSON.stringify({ ...document, peppers: { 1: pepper } }))
}
