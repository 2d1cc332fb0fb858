import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Change } from './matrix/change.ts'
import type { Matrix } from './matrix/matrix.ts'
import { makeFolder, runCli } from './testing/cli-process.ts'

const OPENAPI = `openapi: 3.1.0
info: { title: a, version: '1' }
components: { securitySchemes: { key: { type: apiKey, in: header, name: X-Api-Key } } }
security: [{ key: [] }]
paths:
  /orders/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get: { operationId: getOrder, security: [{ key: [orders:read] }], responses: { '200': { description: ok } } }
    delete: { operationId: dropOrder, responses: { '200': { description: ok } } }
  /news:
    get: { operationId: news, security: [], responses: { '200': { description: ok } } }
`
const BASE = `openapi: ./openapi.yaml
upstream: http://127.0.0.1:3000
authorize:
  roles:
    admin: ["*"]
    agent: { allow: ["orders:*"], when: 'network.ip in ["10.0.0.0/8"]' }
    chief: { includes: [agent] }
  acl:
    dropOrder: { groups: [cleaners], deny: { subjects: [bob] } }
  operations:
    getOrder: 'path.id == subject.id || "admin" in subject.roles'
`

async function matrix(folder: string, ...args: readonly string[]): Promise<Matrix> {
  const { code, stdout, stderr } = await runCli(folder, 'matrix', '--json', ...args)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Matrix
}

suite('matrix', () => {
  test('says who may call what, under which conditions, and where that stands', async (t) => {
    const folder = makeFolder(t, { 'sallyport.yaml': BASE, 'openapi.yaml': OPENAPI })
    const { roles, rows } = await matrix(folder)
    assert.deepEqual(roles, ['admin', 'agent', 'chief'])
    const own = '(path.id == subject.id || "admin" in subject.roles)'
    const near = 'network.ip in ["10.0.0.0/8"]'
    const row = (operation: string) => rows.find((one) => one.operation === operation)
    const get = row('getOrder')
    assert.deepEqual(get?.roles['admin'], { answer: 'if', conditions: [own.slice(1, -1)] })
    assert.deepEqual(get.roles['agent'], { answer: 'if', conditions: [`${near} && ${own}`] })
    assert.deepEqual(get.roles['chief'], get.roles['agent'])
    assert.deepEqual([get.anonymous.answer, get.known.answer], ['no', 'no'])
    assert.deepEqual(get.scopes, [['orders:read']])
    assert.deepEqual(
      get.rules.map(({ path, line }) => [path, line]),
      [['authorize.operations.getOrder', 11]],
    )
    assert.equal(get.place?.line, 8)
    const drop = row('dropOrder')
    assert.deepEqual([drop?.roles['admin']?.answer, drop?.roles['agent']?.answer], ['yes', 'no'])
    assert.deepEqual([drop?.listed, drop?.keptOut], [['group cleaners'], ['subject bob']])
    assert.deepEqual([row('news')?.anonymous.answer, row('news')?.known.answer], ['yes', 'yes'])
  })

  test('prints a table and CSV that no spreadsheet calculates', async (t) => {
    const yaml = BASE.replace('admin: ["*"]', '"=admin": ["*"]')
    const folder = makeFolder(t, { 'sallyport.yaml': yaml, 'openapi.yaml': OPENAPI })
    const table = await runCli(folder, 'matrix')
    assert.match(
      table.stdout,
      /^operation +scopes +anonymous +no role +=admin +agent +chief +access list/,
    )
    assert.match(
      table.stdout,
      /DELETE \/orders\/\{id\} +- +- +- +yes +- +- +group cleaners, not subject bob/,
    )
    assert.match(table.stdout, /\n1 {2}path\.id == subject\.id/)
    const { stdout } = await runCli(folder, 'matrix', '--csv')
    assert.match(stdout, /,no role,'=admin,agent,/)
    assert.match(stdout, /"if path\.id == subject\.id \|\| ""admin"" in subject\.roles"/)
  })

  test('without rules, whoever meets the security may', async (t) => {
    const yaml = BASE.slice(0, BASE.indexOf('authorize'))
    const folder = makeFolder(t, { 'sallyport.yaml': yaml, 'openapi.yaml': OPENAPI })
    const { rows, roles } = await matrix(folder)
    assert.deepEqual(roles, [])
    assert.deepEqual(
      rows.map(({ anonymous, known }) => [anonymous.answer, known.answer]),
      [
        ['no', 'yes'],
        ['no', 'yes'],
        ['yes', 'yes'],
      ],
    )
  })
})

function repository(t: TestContext): string {
  const folder = makeFolder(t, { 'sallyport.yaml': BASE, 'openapi.yaml': OPENAPI })
  const git = (...args: readonly string[]): void =>
    void execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
      cwd: folder,
    })
  git('init', '-q', '-b', 'main')
  git('add', '.')
  git('commit', '-q', '-m', 'first')
  return folder
}

async function diff(
  folder: string,
  old: string,
): Promise<{ readonly code: number | null; readonly changes: readonly Change[] }> {
  const { code, stdout, stderr } = await runCli(folder, 'matrix', '--json', '--diff', old)
  assert.notEqual(code, 1, stdout + stderr)
  return { code, changes: JSON.parse(stdout) as Change[] }
}

suite('matrix --diff', () => {
  const changed: [
    name: string,
    from: string,
    to: string,
    code: number,
    found: readonly string[],
  ][] = [
    ['nothing', 'x', 'x', 0, []],
    [
      'a role that may more',
      'admin: ["*"]',
      'admin: ["*"]\n    all: ["op:dropOrder"]',
      2,
      ['more DELETE /orders/{id} role all'],
    ],
    [
      'a condition that is gone',
      ', when: \'network.ip in ["10.0.0.0/8"]\'',
      '',
      2,
      ['other GET /orders/{id} role agent', 'other GET /orders/{id} role chief'],
    ],
    [
      'a role that may less',
      'admin: ["*"]',
      'admin: ["orders:*"]',
      0,
      ['less DELETE /orders/{id} role admin'],
    ],
    [
      'somebody who is kept out',
      'subjects: [bob]',
      'subjects: [bob, eve]',
      0,
      ['less DELETE /orders/{id} kept out'],
    ],
    [
      'somebody who is let in',
      'groups: [cleaners]',
      'groups: [cleaners, guests]',
      2,
      ['more DELETE /orders/{id} access list'],
    ],
    [
      'rules that only watch',
      'authorize:',
      'authorize:\n  mode: monitor',
      2,
      ['more GET /orders/{id} mode', 'more DELETE /orders/{id} mode', 'more GET /news mode'],
    ],
  ]
  for (const [name, from, to, code, found] of changed) {
    test(`finds ${name} since a revision`, async (t) => {
      const folder = repository(t)
      writeFileSync(join(folder, 'sallyport.yaml'), BASE.replace(from, to))
      const result = await diff(folder, 'HEAD')
      assert.deepEqual(
        result.changes.map(({ effect, label, who }) => `${effect} ${label} ${who}`),
        found,
      )
      assert.equal(result.code, code)
    })
  }

  test('finds an operation that the document did not have', async (t) => {
    const folder = repository(t)
    writeFileSync(join(folder, 'openapi.yaml'), OPENAPI.replace('/news', '/latest'))
    const { changes } = await diff(folder, 'main')
    assert.deepEqual(
      new Set(changes.map(({ effect, label }) => `${effect} ${label}`)),
      new Set(['more GET /latest', 'less GET /news']),
    )
  })

  test('compares with another file and with a saved matrix', async (t) => {
    const old = BASE.replace('admin: ["*"]', 'admin: ["orders:*"]')
    const folder = makeFolder(t, {
      'sallyport.yaml': BASE,
      'old.yaml': old,
      'openapi.yaml': OPENAPI,
    })
    const saved = await runCli(folder, 'matrix', '--json', '-c', 'old.yaml')
    writeFileSync(join(folder, 'old.json'), saved.stdout)
    for (const name of ['old.yaml', 'old.json']) {
      const { changes } = await diff(folder, name)
      assert.deepEqual(
        changes.map(({ effect, who }) => [effect, who]),
        [['more', 'role admin']],
      )
    }
  })

  test('reads nothing outside of the repository, and leaves nothing behind', async (t) => {
    const folder = makeFolder(t, {})
    const inside = join(folder, 'repository')
    mkdirSync(inside)
    writeFileSync(join(folder, 'openapi.yaml'), OPENAPI)
    writeFileSync(join(inside, 'sallyport.yaml'), BASE)
    symlinkSync('../openapi.yaml', join(inside, 'openapi.yaml'))
    const git = (...args: readonly string[]): void =>
      void execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
        cwd: inside,
      })
    git('init', '-q', '-b', 'main')
    git('add', '.')
    git('commit', '-q', '-m', 'first')
    rmSync(join(inside, 'openapi.yaml'))
    writeFileSync(join(inside, 'openapi.yaml'), OPENAPI)
    const { code, stderr } = await runCli(inside, 'matrix', '--diff', 'main')
    assert.equal(code, 1)
    assert.match(stderr, /file not found/)
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.startsWith('sallyport-matrix-')),
      [],
    )
  })

  const refused: [name: string, old: string, message: RegExp][] = [
    ['what is neither a file nor a revision', 'nothing', /neither a file nor a revision/],
    ['an option in place of a revision', '--all', /neither a file nor a revision|missing/],
    ['a file that is no matrix', 'broken.json', /is no matrix/],
  ]
  for (const [name, old, message] of refused) {
    test(`refuses ${name}`, async (t) => {
      const folder = repository(t)
      writeFileSync(join(folder, 'broken.json'), '{"rows":[1],"roles":[]}')
      const { code, stderr } = await runCli(folder, 'matrix', `--diff=${old}`)
      assert.equal(code, 1)
      assert.match(stderr, message)
    })
  }
})
