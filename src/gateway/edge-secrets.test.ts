import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { FakeClock } from '../base/clock.ts'
import { ConfigError } from '../base/config-error.ts'
import { Secret } from '../base/secret.ts'
import { SigningKeys } from '../identity/signing/signing-keys.ts'
import { SealingKeys } from '../identity/wrapped/sealing-keys.ts'
import { KeyService } from '../identity/keys/service.ts'
import { MemoryRecords } from '../store/memory-records.ts'
import { openSqlite } from '../store/sqlite-records.ts'
import { checkSecrets, compareSecrets } from '../store/secrets-check.ts'
import { writeEdgeDocument } from '../store/edge-document.ts'
import {
  newSecretsText,
  parseSecrets,
  readSecretsText,
  rekeySecrets,
} from '../store/secrets-file.ts'
import { DOCUMENT, loadText, MINIMAL } from './config/config-fixture.ts'
import { edgeDocument, needsDataKeys } from './edge-secrets.ts'
import { openServices, pseudonymKey } from './services.ts'
import type { StoreSettings } from './services.ts'

const NOW = 1_800_000_000_000
const DAY = 86_400_000

/** The secrets of an installation, and those of its edge. */
function both(needs = false) {
  const text = newSecretsText()
  const whole = parseSecrets(text, 'whole')
  const edgeText = writeEdgeDocument(edgeDocument(whole, { nowMs: NOW, needsDataKeys: needs }), [])
  return { whole, edge: parseSecrets(edgeText, 'edge'), edgeText }
}

/** Every text of 32 bytes that would give an edge more than it needs. */
function sealingText(whole: ReturnType<typeof both>['whole']): string {
  return whole.sealingKey(1)?.reveal().toString('base64url') ?? ''
}

suite('the secrets of an edge', () => {
  test('hold no sealing key, in no spelling', () => {
    const { whole, edge, edgeText } = both()
    const key = whole.sealingKey(1)?.reveal()
    assert.ok(key !== undefined && sealingText(whole).length === 43)
    for (const form of ['base64url', 'base64', 'hex'] as const)
      assert.ok(!edgeText.includes(key.toString(form)))
    assert.equal(edge.sealingKey(1), undefined)
    assert.equal(edge.derived(1, 'sallyport data hash', 32), undefined)
  })

  test('check keys that the control process made, and are those of its store', async () => {
    const { whole, edge } = both()
    const records = new MemoryRecords()
    const made = await new KeyService({ records, secrets: whole }).admin.create({}, NOW)
    const found = await new KeyService({ records, secrets: edge }).verify(made.key.reveal(), NOW)
    assert.ok('principal' in found)
    await checkSecrets(records.meta, whole)
    await compareSecrets(records.meta, edge)
    await assert.rejects(compareSecrets(records.meta, both().edge), ConfigError)
  })

  test('sign, seal and name callers as every other node, for a year and no longer', () => {
    const { whole, edge } = both()
    assert.deepEqual(pseudonymKey(edge).reveal(), pseudonymKey(whole).reveal())
    for (const atMs of [NOW, NOW + 365 * DAY]) {
      assert.equal(
        new SigningKeys(edge).current(atMs).kid,
        new SigningKeys(whole).current(atMs).kid,
      )
      const [mine, theirs] = [edge, whole].map((secrets) =>
        new SealingKeys(secrets).current(atMs).key.export(),
      )
      assert.deepEqual(mine, theirs)
    }
    assert.throws(() => new SigningKeys(edge).current(NOW + 500 * DAY), /no sealing key/)
  })

  test('hold the sealing keys where fields are tokenized, and only there', () => {
    const { whole, edge } = both(true)
    assert.deepEqual(edge.sealingKey(1)?.reveal(), whole.sealingKey(1)?.reveal())
  })
})

const configurations: [name: string, text: string, needs: boolean][] = [
  ['nothing', '', false],
  ['masks', 'data: { mask: [pii] }', false],
  ['tokens for a field', 'data: { tokenize: { User.ssn: {} } }', true],
  ['tokens in the form of digits', 'data: { tokenize: { User.ssn: fpe } }', true],
  ['a class that is hashed', 'data: { classes: { personal: hash } }', true],
  [
    'a field that some see as a token',
    'authorize: { fields: { User.x: { read: { others: tokenize } } } }',
    true,
  ],
  [
    'a rule that hashes a class',
    'rules: [{ operation: a, data: { classes: { personal: hash } } }]',
    true,
  ],
  [
    'a rule that tokenizes a field',
    'rules: [{ operation: a, authorize: { fields: { User.x: { read: { others: tokenize } } } } }]',
    true,
  ],
]
for (const [name, text, needs] of configurations)
  test(`a configuration with ${name} ${needs ? 'needs' : 'needs no'} keys of fields at its edges`, async (t) => {
    const { settings } = await loadText(t, `${MINIMAL}${text}\n`, { files: DOCUMENT })
    assert.equal(needsDataKeys(settings), needs)
  })

suite('what an edge is given', () => {
  const kek = new Secret(Buffer.alloc(32, 7))

  function inFolder(t: { after(work: () => void): void }) {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-edge-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = (name: string): string => join(folder, name)
    openSqlite(path('db'), 0).close()
    const settings = (secretsFile: string, isReadOnly: boolean): StoreSettings => ({
      store: { kind: 'sqlite', path: path('db'), isReadOnly },
      secretsFile,
      secretsKeys: [],
      auth: { apiKey: { prefix: 'sp', expiresMs: DAY, overlapMs: DAY } },
    })
    return { path, settings, clock: new FakeClock(NOW) }
  }

  test('everything: it keeps what it needs, and hands its threads no more', async (t) => {
    const { path, settings, clock } = inFolder(t)
    const whole = parseSecrets(readSecretsText(path('whole')), '')
    const services = openServices(settings(path('whole'), true), clock)
    t.after(() => services.close())
    assert.ok(!services.secretsText.reveal().includes(sealingText(whole)))
    assert.equal(services.secrets.sealingKey(1), undefined)
    assert.deepEqual(pseudonymKey(services.secrets).reveal(), pseudonymKey(whole).reveal())
  })

  test('a sealed file of its own: opened by its key alone, and refused to whoever would make keys', (t) => {
    const { path, settings, clock } = inFolder(t)
    const { whole } = both()
    const document = edgeDocument(whole, { nowMs: NOW, needsDataKeys: false })
    writeFileSync(path('edge'), writeEdgeDocument(document, [kek]), { mode: 0o600 })
    assert.ok(!readSecretsText(path('edge'), [kek]).includes(sealingText(whole)))
    const other = new Secret(Buffer.alloc(32, 8))
    assert.throws(() => readSecretsText(path('edge'), [other]), /sealed with another key/)
    assert.throws(() => readSecretsText(path('edge')), /no key is given/)
    assert.throws(
      () => rekeySecrets(path('edge'), [kek], { pepper: true, sealing: false }),
      /of an edge/,
    )
    const used = { ...settings(path('edge'), false), secretsKeys: [kek] }
    assert.throws(() => openServices(used, clock), /makes and changes nothing/)
  })

  test('a file whose time is over, or that lacks keys of fields, stops the start', (t) => {
    const { path, settings, clock } = inFolder(t)
    writeFileSync(path('edge'), both().edgeText, { mode: 0o600 })
    const used = settings(path('edge'), true)
    assert.throws(() => openServices({ ...used, usesDataKeys: true }, clock), /tokenized or hashed/)
    clock.advance(400 * DAY)
    assert.throws(() => openServices(used, clock), /its keys reached until 20/)
  })
})
