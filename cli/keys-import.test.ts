import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createHash, randomBytes } from 'node:crypto'
import { freePort } from '../src/base/testing/free-port.ts'
import { readEntry } from './key-import/entry.ts'
import { readKeysFile } from './key-import/read-file.ts'
import { DOCUMENT, makeFolder, runCli, serve, startApi } from './testing/cli-process.ts'
import type { CliResult } from './testing/cli-process.ts'

const ANN = 'mR4tYb7QkX2nVd9LwZ5sJh8PcF3gTe6A'
const BEN = '6f1c2f5e-93a7-4b0d-8d7e-2b6c1a90f3e4'
const CAT = '9b1f0d3c5a7e9284b6c8d0e2f4a61830'

interface Key {
  readonly id: string
  readonly line: number
  readonly owner: string
  readonly hint: string
  readonly tags: readonly string[]
  readonly cidrs: readonly string[] | null
}
interface Report {
  readonly made: readonly Key[]
  readonly known: readonly Key[]
}

async function setUp(t: TestContext, more = '') {
  const upstream = await startApi(t, { id: 7 })
  const port = await freePort()
  const yaml = `openapi: ./openapi.yaml\nupstream: ${upstream}\nlisten: { http: ${port}, plain: serve }\n${more}`
  const folder = makeFolder(t, { 'openapi.yaml': DOCUMENT, 'sallyport.yaml': yaml })
  const status = async (key: string, header = 'x-api-key'): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${port}/orders/7`, { headers: { [header]: key } })
    await answer.arrayBuffer()
    return answer.status
  }
  const bring = async (name: string, text: string, ...flags: string[]): Promise<CliResult> => {
    writeFileSync(join(folder, name), text)
    return runCli(folder, 'keys', 'import', name, ...flags)
  }
  return { folder, status, bring }
}

const CSV = `key,owner,tags,allowCidrs,plan,expires
${ANN},ann,a;b,127.0.0.0/8,gold,never
${BEN},ben,,192.0.2.0/24,,30d
`

suite('keys import', () => {
  test('at a running gateway: good at once, told in its log, rotated and revoked as others', async (t) => {
    const { folder, status, bring } = await setUp(
      t,
      'workers: 2\nlogs: { sinks: ["file:./log"] }\n',
    )
    await serve(t, folder)
    assert.equal(await status(ANN), 401)
    const { code, stdout, stderr } = await bring('keys.csv', CSV, '--json')
    assert.equal(code, 0, stderr)
    assert.ok(!stdout.includes(ANN))
    const { made } = JSON.parse(stdout) as Report
    assert.deepEqual(
      made.map(({ line, owner, hint, tags }) => [line, owner, hint, ...tags]),
      [
        [2, 'ann', 'imported …Te6A', 'a', 'b', 'plan:gold'],
        [3, 'ben', 'imported …f3e4'],
      ],
    )
    assert.deepEqual([await status(ANN), await status(BEN), await status(CAT)], [200, 403, 401])
    assert.equal(await status(`ApiKey ${ANN}`, 'authorization'), 200)
    const log = await runCli(folder, 'keys', 'list', '--json')
    assert.equal((JSON.parse(log.stdout) as Key[]).length, 2)
    const again = JSON.parse((await bring('keys.csv', CSV, '--json')).stdout) as Report
    assert.deepEqual([again.made.length, again.known.length], [0, 2])

    const rotated = await runCli(folder, 'keys', 'rotate', made[0]?.id ?? '', '--json')
    const { key } = JSON.parse(rotated.stdout) as { key: string }
    assert.match(key, /^sp_sk_/)
    assert.deepEqual([await status(key), await status(ANN)], [200, 200])
    await runCli(folder, 'keys', 'revoke', made[0]?.id ?? '')
    assert.deepEqual([await status(key), await status(ANN)], [401, 401])
  })

  test('in the store itself, seen by a gateway that starts later', async (t) => {
    const { folder, status, bring } = await setUp(t)
    const lines = [
      { key: ANN, subject: 'ann', metadata: { team: 'a', size: 3 } },
      { sha256: createHash('sha256').update(BEN).digest('base64'), owner: 'ben' },
    ]
    const made = await bring('keys.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'))
    assert.equal(made.code, 0, made.stderr)
    assert.match(made.stdout, /2 keys made, 0 there already/)
    assert.match(made.stdout, /imported by its hash/)
    await serve(t, folder)
    assert.deepEqual([await status(ANN), await status(BEN), await status(CAT)], [200, 200, 401])
  })

  test('a dry run changes nothing', async (t) => {
    const { folder, bring } = await setUp(t)
    const { stdout } = await bring('keys.json', JSON.stringify([{ key: ANN }]), '--dry-run')
    assert.match(stdout, /1 key would be made; nothing was changed/)
    assert.equal((await runCli(folder, 'keys', 'list', '--json')).stdout.trim(), '[]')
  })

  test('ten thousand at once, through the socket', { timeout: 120_000 }, async (t) => {
    const { folder, status, bring } = await setUp(t)
    await serve(t, folder)
    const keys = Array.from({ length: 10_000 }, () => randomBytes(24).toString('hex'))
    const text = `key,owner\n${keys.map((key, n) => `${key},owner ${n}`).join('\n')}\n`
    const { code, stderr, stdout } = await bring('many.csv', text)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /10000 keys made/)
    assert.equal(await status(keys.at(-1) ?? ''), 200)
  })

  test('keys of Kong and of KrakenD', async (t) => {
    const { bring } = await setUp(t)
    const kong = `_format_version: "3.0"
consumers:
  - username: ann
    tags: [gold]
    keyauth_credentials: [{ key: ${ANN} }]
    basicauth_credentials: [{ username: ann, password: x }]
    plugins:
      - { name: ip-restriction, config: { allow: [192.0.2.0/24] } }
  - username: ben
keyauth_credentials:
  - { consumer: ben, key: ${BEN} }
`
    const { stdout, stderr } = await bring('kong.yaml', kong, '--json')
    const { made, notes } = JSON.parse(stdout || stderr) as Report & { notes: string[] }
    assert.deepEqual(
      made.map(({ line, owner, tags, cidrs }) => [line, owner, tags, cidrs]),
      [
        [5, 'ann', ['gold'], ['192.0.2.0/24']],
        [11, 'ben', [], null],
      ],
    )
    assert.match(notes[0] ?? '', /kong\.yaml:6 basicauth_credentials of consumer ann/)
    const krakend = {
      extra_config: { 'auth/api-keys': { keys: [{ key: CAT, '@description': 'cat' }] } },
    }
    const { code } = await bring('krakend.json', JSON.stringify(krakend))
    assert.equal(code, 0)
  })

  test('whoever guesses is stopped as with keys of the gateway, and the owner still gets in', async (t) => {
    const { folder, status, bring } = await setUp(t)
    await serve(t, folder)
    await bring('keys.json', JSON.stringify([{ key: ANN }]))
    const guesses: number[] = []
    for (let n = 0; n < 14; n++) guesses.push(await status(randomBytes(16).toString('hex')))
    assert.equal(guesses.filter((code) => code === 401).length, 10)
    assert.equal(guesses.at(-1), 429)
    assert.equal(await status(ANN), 200)
  })

  test('without a durable store there is no import', async (t) => {
    const { bring } = await setUp(t, 'store: "memory:"\n')
    const { code, stderr } = await bring('keys.csv', CSV)
    assert.equal(code, 1)
    assert.match(stderr, /store is memory/)
  })
})

const WEAK = 'acme-partner-key-2026'
const refusals: [name: string, file: string, text: string, message: RegExp][] = [
  [
    'a weak key',
    'k.csv',
    `key,owner\n${ANN},ann\n${WEAK},eve\n`,
    /k\.csv:3 key: the key is worth about/,
  ],
  [
    'a column that nobody knows',
    'k.csv',
    `key,colour\n${ANN},red\n`,
    /k\.csv:2 colour: nobody knows/,
  ],
  ['too few cells', 'k.csv', `key,owner\n${ANN}\n`, /k\.csv:2: has 1 cells/],
  ['a name twice', 'k.jsonl', `{"key":"${ANN}","key":"${BEN}"}`, /k\.jsonl:1: cannot be read/],
  ['broken JSON', 'k.json', `[{"key":\n"${ANN}"`, /k\.json/],
  ['a bcrypt hash', 'k.json', '[{"hash":"$2y$10$abcdefghijklmnopqrstuv"}]', /only a plain SHA-256/],
  [
    'another algorithm',
    'k.json',
    `[{"hash":"${'a'.repeat(64)}","algorithm":"hmac"}]`,
    /only a plain SHA-256/,
  ],
  [
    'the text of the key as its name',
    'k.json',
    `[{"key":"${ANN}","name":"${ANN}"}]`,
    /another column too/,
  ],
  [
    'a key of this gateway',
    'k.csv',
    `key\nsp_sk_live_aaaaaaaaaaaa_${'q8Zr2Lx0Vn5Tb1WdKp3sQ'.repeat(2)}\n`,
    /looks like a key of this gateway/,
  ],
  ['a plan in metadata', 'k.json', `[{"key":"${ANN}","metadata":{"plan":"x"}}]`, /metadata\.plan/],
  ['a form that nobody knows', 'k.txt', ANN, /nobody knows the form/],
]
/** What the command makes of a file before it asks the gateway or the store. */
function readAll(file: string): void {
  const rules = { file, prefix: 'sp', ignored: new Set<string>(), expires: undefined }
  for (const key of readKeysFile(file).keys) readEntry(key, rules)
}

for (const [name, file, text, message] of refusals)
  test(`keys import refuses ${name}, and shows no key`, (t) => {
    const folder = makeFolder(t, { [file]: text })
    assert.throws(
      () => readAll(join(folder, file)),
      (error) => {
        const { message: told } = error as Error
        assert.match(told, message)
        for (const secret of [ANN, BEN, WEAK]) assert.ok(!told.includes(secret), told)
        return true
      },
    )
  })

test('what the gateway refuses is told with the lines of the file, and nothing is made', async (t) => {
  const { folder, bring } = await setUp(t)
  const text = `[{"key":"${CAT}"},
{"key":"${ANN}","scopes":["x"],"allowCidrs":["192.0.2.0/24"]},
{"key":"${BEN}","expires":"2020-01-01"}]`
  const { code, stderr } = await bring('k.json', text, '--allow-unknown')
  assert.equal(code, 1)
  assert.match(stderr, /k\.json:3 expires: the expiry is not in the future/)
  const unknown = await bring('k.json', text)
  assert.match(unknown.stderr, /k\.json:2 scopes\[0\]: "x" is no scope/)
  for (const secret of [ANN, BEN, CAT]) assert.ok(!`${stderr}${unknown.stderr}`.includes(secret))
  assert.equal((await runCli(folder, 'keys', 'list', '--json')).stdout.trim(), '[]')
})
