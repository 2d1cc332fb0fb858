import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inspect } from 'node:util'
import { ConfigError } from '../base/config-error.ts'
import { ephemeralSecrets, openSecrets } from './secrets-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-secrets-'))
after(() => rmSync(folder, { recursive: true }))

test('makes the file once, for its owner only, and reads the same secrets again', () => {
  const path = join(folder, 'made')
  const first = openSecrets(path)
  const second = openSecrets(path)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const pepper = first.pepper(first.currentPepperVersion)?.reveal()
  assert.equal(pepper?.length, 32)
  assert.deepEqual(second.pepper(1)?.reveal(), pepper)
  assert.deepEqual(second.sealingKey(1)?.reveal(), first.sealingKey(1)?.reveal())
  assert.notDeepEqual(first.sealingKey(1)?.reveal(), pepper)
  assert.deepEqual(readdirSync(folder), ['made'], 'nothing is left beside it')
})

test('two sets of secrets differ, and an unknown version is nothing', () => {
  const [one, two] = [ephemeralSecrets(), ephemeralSecrets()]
  assert.notDeepEqual(one.pepper(1)?.reveal(), two.pepper(1)?.reveal())
  assert.equal(one.pepper(2), undefined)
})

test('printing shows no secret', () => {
  const secrets = ephemeralSecrets()
  const pepper = secrets.pepper(1)
  const text = inspect(pepper) + JSON.stringify(pepper) + String(pepper)
  assert.equal(text.replaceAll('[secret]', '').replaceAll('"', ''), '')
})

const BAD: [name: string, text: string, mode: number, pattern: RegExp][] = [
  ['a file that the group may read', '', 0o640, /open to others \(mode 640\)/],
  ['a file that everyone may read', '', 0o604, /open to others/],
  ['a file that others may write', '', 0o602, /open to others/],
  ['an empty file', '', 0o600, /no secrets file/],
  ['text that is no JSON', 'pepper: x', 0o600, /no secrets file/],
  ['another JSON', '{"format":3}', 0o600, /no secrets file/],
  [
    'a pepper that is too short',
    '{"format":1,"currentPepper":1,"peppers":{"1":"AAAA"},"currentSealingKey":1,"sealingKeys":{}}',
    0o600,
    /no secrets file/,
  ],
  [
    'a current version that is not there',
    `{"format":1,"currentPepper":2,"peppers":{"1":"${'A'.repeat(43)}"},"currentSealingKey":1,"sealingKeys":{"1":"${'A'.repeat(43)}"}}`,
    0o600,
    /no secrets file/,
  ],
  ['a huge file', 'x'.repeat(70_000), 0o600, /no secrets file/],
]
for (const [name, text, mode, pattern] of BAD)
  test(`refuses ${name}, says the cure and changes nothing`, () => {
    const path = join(folder, 'bad')
    writeFileSync(path, text)
    chmodSync(path, mode)
    assert.throws(
      () => openSecrets(path),
      (error) =>
        error instanceof ConfigError &&
        error.faults[0]?.cure !== undefined &&
        pattern.test(error.message),
    )
    assert.equal(readFileSync(path, 'utf8'), text)
    rmSync(path)
  })

const GIVEN: [
  name: string,
  mode: number,
  owner: readonly [uid: number, gid: number],
  reads: boolean,
][] = [
  ['reads what root gave to its group', 0o440, [0, 65_534], true],
  ['refuses what the group may write', 0o460, [0, 65_534], false],
  ['refuses what others may read', 0o444, [0, 65_534], false],
  ['refuses what another user gave to its group', 0o440, [1234, 65_534], false],
]
for (const [name, mode, [uid, gid], reads] of GIVEN)
  test(
    `a process that is not root ${name}`,
    { skip: process.getuid?.() !== 0 && 'not root' },
    () => {
      chmodSync(folder, 0o755)
      const path = join(folder, 'given')
      openSecrets(path)
      chownSync(path, uid, gid)
      chmodSync(path, mode)
      const code = `
      const { openSecrets } = await import(${JSON.stringify(join(import.meta.dirname, 'secrets-file.ts'))})
      process.setgroups([])
      process.setgid(65534)
      process.setuid(65534)
      console.log(openSecrets(${JSON.stringify(path)}).currentPepperVersion)`
      const found = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
        encoding: 'utf8',
      })
      if (reads) assert.deepEqual([found.stdout, found.stderr], ['1\n', ''])
      else assert.match(found.stderr, /open to others/)
      rmSync(path)
    },
  )

test('refuses a folder that is not there', () =>
  assert.throws(() => openSecrets(join(folder, 'no/such')), ConfigError))
