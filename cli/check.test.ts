import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { CheckReport } from './check.ts'
import { DOCUMENT, makeFolder, runCli, startCli } from './testing/cli-process.ts'

const MINIMAL = 'openapi: ./openapi.yaml\nupstream: http://127.0.0.1:3000\n'

/** As `DOCUMENT`, with the member of the first operation that is given. */
const documentWith = (member: string): string =>
  DOCUMENT.replace(
    '      operationId: getOrder\n',
    `      operationId: getOrder\n      ${member}\n`,
  )

const SCHEMES = `components: { securitySchemes: { partner: { type: http, scheme: basic } } }\n`
const BASIC = `${documentWith('security: [{ partner: [] }]')}${SCHEMES}`

interface Row {
  readonly name: string
  readonly yaml: string
  readonly document?: string
  /** Standard error, line by line. */
  readonly errors: readonly string[]
}

const rows: readonly Row[] = [
  {
    name: 'faults of the configuration and of the document together',
    yaml: `${MINIMAL}lissten: { https: 1 }\nlimits: { ip: 20/x }\n`,
    document: documentWith('security: [{ nobody: [] }]'),
    errors: [
      'error sallyport.yaml:3:1 lissten: unknown key "lissten" (did you mean "listen"?)',
      'error sallyport.yaml:4:15 limits.ip: "20/x" is not a rate (write COUNT/WINDOW, with or without a burst: 20/s burst 100, 5/min, 10/5min)',
      'error openapi.yaml:7:20 /paths/~1orders~1{orderId}/get/security/0/nobody: the security scheme "nobody" is not defined in components.securitySchemes',
      '3 faults',
    ],
  },
  {
    name: 'names that no document has, beside a security that cannot be met',
    yaml: `${MINIMAL}limits: { operations: { getOrders: 5/min } }\nrules: [{ operation: health, relax: { bodi: monitor }, why: w, until: 2099-01-01 }]\n`,
    document: BASIC,
    errors: [
      'error sallyport.yaml:3:36 limits.operations.getOrders: no document has "getOrders" (did you mean "getOrder"?)',
      'error sallyport.yaml:4:45 rules[0].relax.bodi: "bodi" is neither a block nor a control (did you mean "body"?)',
      'error openapi.yaml:5:5 /paths/~1orders~1{orderId}/get: no credential can meet the security of GET /orders/{orderId}: partner (http) (name an issuer under auth.jwt.issuers, or say how the scheme is met: auth.schemes: { partner: apiKey | jwt | wrap | upstream })',
      '3 faults',
    ],
  },
  {
    name: 'an operation that no role, access list or condition on the caller allows',
    yaml: `${MINIMAL}authorize: { roles: { reader: ["op:health"] } }\n`,
    errors: [
      'error sallyport.yaml:3:1 authorize: no role, access list or condition on the caller allows GET /orders/{orderId}: every call would be refused (give a role "op:getOrder", or write authorize.acl.getOrder)',
      '1 fault',
    ],
  },
  {
    name: 'a document that is neither JSON nor YAML',
    yaml: MINIMAL,
    document: 'openapi: 3.1.0\npaths: {\n',
    errors: ['error openapi.yaml:3:1: the file is neither JSON nor YAML', '1 fault'],
  },
]

for (const { name, yaml, document, errors } of rows) {
  test(`shows ${name}`, async (t) => {
    const folder = makeFolder(t, { 'sallyport.yaml': yaml, 'openapi.yaml': document ?? DOCUMENT })
    const { code, stderr } = await runCli(folder, 'check')
    assert.equal(code, 1)
    const lines = stderr.trimEnd().split('\n')
    assert.deepEqual(lines.map(withoutReason), errors.map(withoutReason))
  })
}

/** Parsers of other people may change their words; ours are golden. */
const withoutReason = (line: string): string =>
  line.replace(/(neither JSON nor YAML): .*/, '$1').replace(/^(error openapi.yaml:3):\d+/, '$1')

test('says what would be served and changes nothing', async (t) => {
  const folder = makeFolder(t, {
    'sallyport.yaml': `${MINIMAL}mode: monitor\n`,
    'openapi.yaml': DOCUMENT.replace('properties: { id: { type: integer } } ', ''),
  })
  const { code, stdout, stderr } = await runCli(folder, 'check', '--json')
  assert.equal(code, 0, stderr)
  const report = JSON.parse(stdout) as CheckReport
  assert.equal(report.ok, true)
  assert.deepEqual(report.faults, [])
  assert.equal(report.operations, 2)
  assert.deepEqual(report.publicOperations, ['GET /health'])
  assert.deepEqual(
    report.unfilterable.map(({ operation, line }) => [operation, line]),
    [['GET /orders/{orderId}', 13]],
  )
  assert.equal(report.unbounded['number'], 1)
  assert.deepEqual(
    report.audit.map(({ path, line }) => [path, line]),
    [['mode', 3]],
  )
  assert.deepEqual(readdirSync(folder).toSorted(), ['openapi.yaml', 'sallyport.yaml'])
})

test('warns of what the document leaves open, with its place', async (t) => {
  const folder = makeFolder(t, {
    'sallyport.yaml': MINIMAL,
    'openapi.yaml': DOCUMENT.replace(/ +parameters: .*\n/, ''),
  })
  const { code, stdout } = await runCli(folder, 'check')
  assert.equal(code, 0)
  assert.match(
    stdout,
    /^warning openapi\.yaml:5:5 .*"orderId".* is not declared.*\[missing-path-parameter\]$/m,
  )
  assert.match(stdout, /^public {2}GET \/health$/m)
  assert.match(stdout, /^ok 2 operations, 1 of them public$/m)
})

const USERS = `openapi: 3.1.0
info: { title: Users, version: "1" }
security: []
paths:
  /users/{name}:
    get:
      parameters: [{ name: name, in: path, required: true, schema: { type: string } }]
      responses: { "200": { description: ok } }
  /users/_debug:
    get: { responses: { "200": { description: ok } } }
  /orders/{id}:
    get:
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      responses: { "200": { description: ok } }
  /orders/_debug:
    get: { responses: { "200": { description: ok } } }
`
const REMOVED = `overlay: 1.0.0
info: { title: t, version: "1" }
actions:
  - { target: "$.paths['/users/_debug']", remove: true }
  - { target: "$.paths['/orders/_debug']", remove: true }
`

test('warns of an operation that an overlay takes out and a wider path lets through', async (t) => {
  const folder = makeFolder(t, {
    'sallyport.yaml': `${MINIMAL}overlays: [./o.yaml]\n`,
    'openapi.yaml': USERS,
    'o.yaml': REMOVED,
  })
  const { code, stdout } = await runCli(folder, 'check')
  assert.equal(code, 0)
  const found = stdout.split('\n').filter((line) => line.includes('removed-operation-matches'))
  assert.equal(found.length, 1)
  assert.match(found[0] ?? '', /^warning openapi\.yaml:6:5 .*takes out GET \/users\/_debug/)
  assert.match(found[0] ?? '', /now those of \/users\/\{name\}: keep it and write authorize/)
})

test('tells one fault of many operations once, and all of them with --verbose', async (t) => {
  const document = USERS.replace('security: []', 'security: [{ partner: [] }]') + SCHEMES
  const files = { 'sallyport.yaml': MINIMAL, 'openapi.yaml': document }
  const folder = makeFolder(t, files)
  const { stderr } = await runCli(folder, 'check')
  assert.equal(stderr.match(/no credential can meet/g)?.length, 1)
  assert.match(stderr, /the same of 3 others \(--verbose\)\n4 faults/)
  const verbose = await runCli(folder, 'check', '--verbose')
  assert.equal(verbose.stderr.match(/no credential can meet/g)?.length, 4)
})

test('proposes caps where requests may be of any size, and none where they hold', async (t) => {
  const propose = async (more: string): Promise<boolean> => {
    const folder = makeFolder(t, { 'sallyport.yaml': MINIMAL + more, 'openapi.yaml': USERS })
    return (await runCli(folder, 'check')).stdout.includes('validate: { caps: on }')
  }
  assert.equal(await propose(''), true)
  assert.equal(await propose('validate: { caps: on }\n'), false)
})

test('lists every schema of a request without bounds with --verbose', async (t) => {
  const folder = makeFolder(t, { 'sallyport.yaml': MINIMAL, 'openapi.yaml': DOCUMENT })
  const { stdout } = await runCli(folder, 'check', '--verbose', '--json')
  const { notes } = JSON.parse(stdout) as CheckReport
  assert.deepEqual(
    notes.map(({ code, line, column }) => [code, line, column]),
    [['unbounded-number', 7, 63]],
  )
})

test('a bound beside anyOf holds for its branches, as generators write what may be null', async (t) => {
  const count = async (bound: string): Promise<number | undefined> => {
    const schema = `{ ${bound}anyOf: [{ type: string }, { type: 'null' }] }`
    const openapi = DOCUMENT.replace('3.0.3', '3.1.0').replace(
      /schema: \{ type: integer[^}]*\}/,
      `schema: ${schema}`,
    )
    const folder = makeFolder(t, { 'sallyport.yaml': MINIMAL, 'openapi.yaml': openapi })
    const { stdout } = await runCli(folder, 'check', '--json')
    return (JSON.parse(stdout) as CheckReport).unbounded['string']
  }
  assert.equal(await count(''), 1)
  assert.equal(await count('maxLength: 9, '), 0)
})

test('a reader that has seen enough is no failure', async (t) => {
  const folder = makeFolder(t, { 'sallyport.yaml': MINIMAL, 'openapi.yaml': DOCUMENT })
  const child = startCli(folder, ['check'])
  child.stdout?.destroy()
  const [code] = (await once(child, 'exit')) as [number | null]
  assert.equal(code, 0)
})

test('needs no file with --openapi and --upstream', async (t) => {
  const folder = makeFolder(t, { 'openapi.yaml': DOCUMENT })
  const flags = ['--openapi', 'openapi.yaml', '--upstream', 'http://127.0.0.1:1']
  assert.equal((await runCli(folder, 'check', ...flags)).code, 0)
  const half = await runCli(folder, 'check', '--openapi', 'openapi.yaml')
  assert.equal(half.code, 1)
  assert.match(half.stderr, /--openapi and --upstream go together/)
})

test('shows names from a document without what steers a terminal', async (t) => {
  const folder = makeFolder(t, {
    'sallyport.yaml': MINIMAL,
    'openapi.yaml': DOCUMENT.replace('/health:', '"/he\\u001b[31malth":'),
  })
  const { stdout, stderr } = await runCli(folder, 'check')
  assert.ok(!`${stdout}${stderr}`.includes('\u001b'))
})
