import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { ProofReport } from '../cli/prove/result.ts'

// CONTROLS 5.3: every attack of every control, without it and with it, on the configuration of the shop.

const ROOT = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-prove-test-'))
const scratch = join(folder, 'tmp')
const TIMEOUT_MS = 170_000

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

before(() => {
  mkdirSync(scratch)
  copyFileSync(join(ROOT, 'examples/shop/openapi.yaml'), join(folder, 'openapi.yaml'))
  const lines =
    'openapi: ./openapi.yaml\nupstream: http://127.0.0.1:9\nlisten: { https: 8443, tls: auto }\n'
  writeFileSync(join(folder, 'sallyport.yaml'), lines)
  writeFileSync(join(folder, 'monitor.yaml'), `${lines}mode: monitor\n`)
})
after(() => rmSync(folder, { recursive: true, force: true }))

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(ROOT, 'cli/main.ts'), 'prove', ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: scratch },
  })
}

function ended(child: ChildProcess): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}

function prove(...args: readonly string[]): Promise<Ended> {
  return ended(start(args))
}

suite('prove on three lines and the document of the shop', { timeout: TIMEOUT_MS }, () => {
  let run: Ended
  let report: ProofReport

  before(async () => {
    run = await prove('--json', '--junit', join(folder, 'prove.xml'))
    report = JSON.parse(run.stdout) as ProofReport
  })

  test('proves everything and exits 0', () => {
    const notProven = report.rows.filter(({ isProven }) => !isProven)
    assert.deepEqual(notProven, [])
    assert.equal(run.code, 0, run.stderr)
    assert.equal(report.ok, true)
  })

  test('attacks every control folder', () => {
    const attacked = new Set(
      report.rows.filter(({ kind }) => kind === 'attack').map(({ control }) => control),
    )
    const folders = readdirSync(join(ROOT, 'src/controls'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'testing')
      .map(({ name }) => name)
    assert.ok(folders.length > 25)
    assert.deepEqual([...attacked].toSorted(), folders.toSorted())
  })

  test('shows that each attack works while its control is left out', () => {
    const attacks = report.rows.filter(({ kind }) => kind === 'attack')
    assert.ok(attacks.every((row) => row.without === 'succeeds' && row.with === 'fails'))
  })

  test('lets honest calls pass, and looks at the order, hidden paths and the shop’s own operations', () => {
    const kinds = Map.groupBy(report.rows, ({ kind }) => kind)
    for (const kind of ['honest', 'order', 'hidden', 'own'] as const)
      assert.ok((kinds.get(kind)?.length ?? 0) >= 3, kind)
    const open = (kinds.get('own') ?? []).filter(({ name }) => name.includes('is public'))
    assert.ok(open.some(({ name }) => name.startsWith('POST /login')))
    assert.ok(open.every(({ name }) => !name.includes('/admin')))
  })

  test('writes the same as JUnit', () => {
    const xml = readFileSync(join(folder, 'prove.xml'), 'utf8')
    assert.equal(xml.match(/<testcase /g)?.length, report.rows.length)
    assert.equal(xml.match(/<failure /g), null)
  })

  test('leaves no folder behind', () => assert.deepEqual(readdirSync(scratch), []))
})

suite('prove', { timeout: TIMEOUT_MS }, () => {
  test('does not prove a control that only watches, says why, and exits 1', async () => {
    const { code, stdout } = await prove('-c', 'monitor.yaml', '--only', 'body', '--json')
    const { rows, ok } = JSON.parse(stdout) as ProofReport
    assert.equal(code, 1)
    assert.equal(ok, false)
    assert.ok(rows.length > 2)
    for (const row of rows) {
      assert.equal(row.with, 'succeeds')
      assert.match(row.reason ?? '', /mode monitor/)
    }
  })

  test('proves under monitor what no mode switches off', async () => {
    const { code, stdout } = await prove('-c', 'monitor.yaml', '--only', 'wire')
    assert.equal(code, 0, stdout)
    assert.match(stdout, /WIRE-02 .* succeeds +fails +proven/)
  })

  test('says when nothing is called as asked', async () => {
    const { code, stderr } = await prove('--only', 'KEY-99')
    assert.equal(code, 1)
    assert.match(stderr, /KEY-99/)
  })

  test('ends its gateways and removes its folder when interrupted', async () => {
    const child = start([])
    const end = ended(child)
    while (readdirSync(scratch).length === 0 && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 20))
    await new Promise((resolve) => setTimeout(resolve, 500))
    child.kill('SIGINT')
    assert.equal((await end).code, 130)
    assert.deepEqual(readdirSync(scratch), [])
  })
})
