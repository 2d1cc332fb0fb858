import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Secret } from '../base/secret.ts'
import { openedRecords } from './open-store.ts'
import type { StoreTarget } from './open-store.ts'
import type { Records } from './records.ts'
import { keyRow } from './testing/key-row.ts'
import { postgresMissing, startPostgres } from './testing/start-postgres.ts'
import type { PostgresServer } from './testing/start-postgres.ts'

// CRASH_RUNS=50 is the long form: CRASH_RUNS=50 node --test src/store/crash.test.ts
const RUNS = Number(process.env['CRASH_RUNS'] ?? 10)
const WRITER = fileURLToPath(new URL('./testing/write-until-killed.ts', import.meta.url))
/** A writer lives this long after its first answer. */
const MAX_LIFE_MS = 120

/** What a writer said was stored before SIGKILL met it at a random moment. */
async function acknowledged(place: string, run: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [WRITER, place, String(run)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.once('data', () =>
    setTimeout(() => child.kill('SIGKILL'), Math.random() * MAX_LIFE_MS),
  )
  child.stdout.on('data', (text: string) => (output += text))
  await new Promise((done) => child.once('close', done))
  return output.split('\n').slice(0, -1)
}

async function assertKept(records: Records, said: readonly string[]): Promise<void> {
  const rows = new Map((await records.keys.list()).map((row) => [row.id, row]))
  const tuples = await records.relations.list({ limit: 1_000_000 })
  const related = new Set(tuples.map(({ object }) => object))
  for (const line of said) {
    const [what, id = ''] = line.split(' ')
    assert.ok(rows.has(id), `${line}: no such key`)
    if (what === 'revoked') assert.equal(rows.get(id)?.revokedAtMs, 1, line)
    if (what === 'related') assert.ok(related.has(`key:${id}`), `${line}: no such relation`)
  }
}

async function killWriters(target: StoreTarget, place: string): Promise<number> {
  const said: string[] = []
  for (let run = 0; run < RUNS; run++) {
    const lines = await acknowledged(place, run)
    assert.ok(lines.length > 0, 'the writer got that far')
    said.push(...lines)
    const records = await openedRecords(target, 0)
    await assertKept(records, said)
    await records.close()
  }
  return said.length
}

test(`${RUNS} writers that are killed lose nothing that SQLite had taken`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-crash-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'store.db')
  t.diagnostic(`${await killWriters({ kind: 'sqlite', path }, path)} records`)
})

suite('PostgreSQL', { skip: postgresMissing() ?? false }, () => {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server.close())

  test(`${RUNS} writers that are killed lose nothing`, async (t) => {
    const target = { kind: 'postgres', url: new Secret(server.url) } as const
    t.diagnostic(`${await killWriters(target, server.url)} records`)
  })

  test(`${RUNS} kills of the server lose nothing`, async (t) => {
    const target = { kind: 'postgres', url: new Secret(server.url) } as const
    const said: string[] = []
    for (let run = 0; run < RUNS; run++) {
      const records = await openedRecords(target, 0)
      const killed = new Promise<void>((resolve) =>
        setTimeout(() => void server.kill().then(resolve), Math.random() * MAX_LIFE_MS),
      )
      await writeUntilRefused(records, run, said)
      await killed
      await records.close()
      await server.start()
      const again = await openedRecords(target, 0)
      await assertKept(again, said)
      await again.close()
    }
    t.diagnostic(`${said.length} records`)
  })
})

async function writeUntilRefused(records: Records, run: number, said: string[]): Promise<void> {
  try {
    for (let i = 0; ; i++) {
      const id = `kill${run}x${i}`
      await records.keys.insert(keyRow({ id }))
      said.push(`made ${id}`)
      await records.keys.update(id, (row) => ({ ...row, revokedAtMs: 1 }))
      said.push(`revoked ${id}`)
    }
  } catch {
    // The server is gone: what was not answered may or may not be there.
  }
}
