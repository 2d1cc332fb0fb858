import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, suite, test } from 'node:test'
import { createJailedRead } from './jailed-read.ts'
import { DocumentError } from './load/document-error.ts'
import { loadApi } from './load-api.ts'
import type { ApiModel, Finding } from './model.ts'

const base: string = mkdtempSync(join(tmpdir(), 'sallyport-load-'))
after(() => rmSync(base, { recursive: true }))
let count = 0

type Files = { readonly [name: string]: unknown }

/** Writes the files into a folder of their own and loads the first of them; names with `overlay` are overlays. */
function load(files: Files): ApiModel {
  const folder = join(base, String(count++))
  const names = Object.keys(files)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(
      join(folder, name),
      typeof content === 'string' ? content : JSON.stringify(content),
    )
  }
  const overlays = names
    .filter((name) => name.includes('overlay'))
    .map((name) => join(folder, name))
  return loadApi({
    name: 'test',
    file: join(folder, names[0]!),
    overlays,
    read: createJailedRead(folder),
  })
}

function findingsOf(files: Files): readonly Finding[] {
  try {
    return load(files).findings
  } catch (error) {
    assert.ok(error instanceof DocumentError, String(error))
    assert.ok(!error.message.includes(base), 'no path of the machine is shown')
    return error.findings
  }
}

const OK = { responses: { 200: { description: 'fine' } } }
function document(paths: unknown, more: object = {}): unknown {
  return { openapi: '3.1.0', info: { title: 'Test', version: '7' }, paths, ...more }
}
function get(operation: object, path = '/a'): unknown {
  return document({ [path]: { get: { ...OK, ...operation } } })
}
function errorCodes(files: Files): readonly string[] {
  return findingsOf(files)
    .filter((finding) => finding.severity === 'error')
    .map((finding) => finding.code)
}

suite('what refuses a document', () => {
  const cases: [name: string, files: Files, code: string][] = [
    ['Swagger 2.0', { 'a.json': { swagger: '2.0', info: {}, paths: {} } }, 'swagger-2.0'],
    ['something else', { 'a.json': { hello: 1 } }, 'not-openapi'],
    ['an unknown version', { 'a.json': { openapi: '4.0.0' } }, 'unknown-version'],
    ['text that does not parse', { 'a.yaml': 'a: [1' }, 'not-parsable'],
    ['an alias that holds itself', { 'a.yaml': 'a: &a\n  b: *a\n' }, 'not-openapi'],
    [
      'an alias bomb',
      { 'a.yaml': `openapi: 3.1.0\ninfo: {title: t, version: v}\npaths: {}\n${bomb()}` },
      'too-many-values',
    ],
    [
      'aliases in a circle',
      { 'a.yaml': 'openapi: 3.1.0\ninfo: {title: t, version: v}\npaths: {}\nx-a: &a {b: *a}\n' },
      'too-deep',
    ],
    [
      'a number that is not finite',
      { 'a.yaml': 'openapi: 3.1.0\ninfo: {title: t, version: v}\npaths: {}\nx-a: .inf\n' },
      'not-json',
    ],
    [
      'a remote reference',
      { 'a.json': document({ '/a': { $ref: 'http://example.com/a.json' } }) },
      'remote-reference',
    ],
    [
      'a remote reference deep in a schema',
      {
        'a.json': get({
          parameters: [
            { name: 'q', in: 'query', schema: { items: { $ref: 'https://169.254.169.254/x' } } },
          ],
        }),
      },
      'remote-reference',
    ],
    [
      'a file: reference',
      { 'a.json': document({ '/a': { $ref: 'file:///etc/passwd' } }) },
      'remote-reference',
    ],
    [
      'a reference out of the folder',
      { 'a.json': document({ '/a': { $ref: '../../etc/passwd' } }) },
      'outside-reference',
    ],
    [
      'a percent-encoded way out of the folder',
      { 'a.json': document({ '/a': { $ref: '%2e%2e/%2e%2e/etc/passwd' } }) },
      'outside-reference',
    ],
    [
      'an absolute path',
      { 'a.json': document({ '/a': { $ref: '/etc/passwd' } }) },
      'outside-reference',
    ],
    ['a missing file', { 'a.json': document({ '/a': { $ref: 'b.json' } }) }, 'not-found'],
    [
      'a reference to nothing',
      { 'a.json': document({ '/a': { $ref: '#/x' } }) },
      'unresolved-reference',
    ],
    [
      'a reference in a circle',
      {
        'a.json': document(
          { '/a': { get: { ...OK, parameters: [{ $ref: '#/components/parameters/a' }] } } },
          {
            components: {
              parameters: {
                a: { $ref: '#/components/parameters/b' },
                b: { $ref: '#/components/parameters/a' },
              },
            },
          },
        ),
      },
      'circular-reference',
    ],
    [
      'templates that match the same requests',
      { 'a.json': document({ '/a/{x}': { get: OK }, '/a/{y}': { get: OK } }) },
      'ambiguous-templates',
    ],
    [
      'a security scheme that nobody defined',
      { 'a.json': get({ security: [{ Key: [] }] }) },
      'unknown-security-scheme',
    ],
    [
      'a security scheme of the whole document that nobody defined',
      { 'a.json': document({ '/a': { get: OK } }, { security: [{ Key: [] }] }) },
      'unknown-security-scheme',
    ],
    [
      'an inherited name as security scheme',
      { 'a.json': get({ security: [{ constructor: [] }] }) },
      'unknown-security-scheme',
    ],
    [
      'a security scheme without its parts',
      {
        'a.json': document(
          {},
          { components: { securitySchemes: { Key: { type: 'apiKey', in: 'header' } } } },
        ),
      },
      'malformed-security-scheme',
    ],
    [
      'a style in the wrong place',
      { 'a.json': get({ parameters: [{ name: 'q', in: 'query', style: 'matrix', schema: {} }] }) },
      'structure',
    ],
    ['an operation of the wrong kind', { 'a.json': document({ '/a': { get: 7 } }) }, 'structure'],
    [
      'an unknown overlay version',
      { 'a.json': get({}), 'overlay.json': { overlay: '9' } },
      'overlay-malformed',
    ],
    [
      'an overlay with an unknown path',
      {
        'a.json': get({}),
        'overlay.json': { overlay: '1.0.0', actions: [{ target: '$.a[1:2]', remove: true }] },
      },
      'overlay-path',
    ],
  ]
  for (const [name, files, code] of cases) {
    test(`refuses ${name}`, () =>
      assert.ok(errorCodes(files).includes(code), errorCodes(files).join()))
  }
})

function bomb(): string {
  const lines = ['x-0: &x0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]']
  for (let level = 1; level < 9; level++) {
    lines.push(
      `x-${level}: &x${level} [${Array(10)
        .fill(`*x${level - 1}`)
        .join(', ')}]`,
    )
  }
  return lines.join('\n')
}

suite('what a document may do, with a word about it', () => {
  const lax = { title: 'Test', version: '7', licence: 'misspelled', contact: { mail: 1 } }
  const cases: [name: string, files: Files, code: string][] = [
    [
      'an unknown field in info',
      { 'a.json': document({ '/a': { get: OK } }, { info: lax }) },
      'structure',
    ],
    ['no operation at all', { 'a.json': document({}) }, 'no-operations'],
    ['a variable that is not declared', { 'a.json': get({}, '/a/{id}') }, 'missing-path-parameter'],
    [
      'a declared path parameter that the template lacks',
      { 'a.json': get({ parameters: [{ name: 'id', in: 'path', required: true, schema: {} }] }) },
      'unknown-path-parameter',
    ],
    [
      'an operationId used twice',
      {
        'a.json': document({
          '/a': { get: { ...OK, operationId: 'x' }, put: { ...OK, operationId: 'x' } },
        }),
      },
      'duplicate-operation-id',
    ],
    [
      'a parameter declared twice',
      {
        'a.json': get({
          parameters: [
            { name: 'q', in: 'query', schema: {} },
            { name: 'q', in: 'query', schema: {} },
          ],
        }),
      },
      'duplicate-parameter',
    ],
    [
      'a header parameter that the specification ignores',
      { 'a.json': get({ parameters: [{ name: 'Accept', in: 'header', schema: {} }] }) },
      'ignored-header-parameter',
    ],
    ['a body on GET', { 'a.json': get({ requestBody: { content: {} } }) }, 'body-without-meaning'],
    ['TRACE', { 'a.json': document({ '/a': { trace: OK } }) }, 'refused-method'],
    ['servers of one operation', { 'a.json': get({ servers: [{ url: '/x' }] }) }, 'local-servers'],
    ['two variables side by side', { 'a.json': get({}, '/a/{x}{y}') }, 'unreachable-path'],
    ['a query in a path', { 'a.json': get({}, '/a?b=c') }, 'unreachable-path'],
    [
      'a misspelled name of ours',
      { 'a.json': get({ 'x-sallyport-ownr': 'x' }) },
      'unknown-sallyport-name',
    ],
    [
      'an overlay that changes nothing',
      {
        'a.json': get({}),
        'overlay.json': { overlay: '1.0.0', actions: [{ target: '$.nope', remove: true }] },
      },
      'overlay-unmatched',
    ],
    [
      'a discriminator that names a file which is not there',
      {
        'a.json': get({
          requestBody: {
            content: {
              'a/b': {
                schema: { discriminator: { propertyName: 't', mapping: { a: 'no.yaml' } } },
              },
            },
          },
        }),
      },
      'not-found',
    ],
  ]
  for (const [name, files, code] of cases) {
    test(`loads with ${name}`, () => {
      const { findings } = load(files)
      assert.ok(
        findings.some((finding) => finding.code === code),
        findings.map((f) => f.code).join(),
      )
    })
  }
})

test('reads operations with inherited parameters, security and extensions', () => {
  const api = load({
    'a.json': document(
      {
        '/orders/{id}': {
          parameters: [
            { name: 'id', in: 'path', required: true, schema: { type: 'integer' } },
            { name: 'X-Trace', in: 'header', schema: { type: 'string' } },
          ],
          get: {
            operationId: 'getOrder',
            tags: ['orders'],
            deprecated: true,
            'x-sallyport-owner': 'sales',
            parameters: [
              { name: 'x-trace', in: 'header', required: true, schema: { type: 'integer' } },
            ],
            responses: {
              '2xx': {
                description: 'ok',
                headers: { ETag: {} },
                content: { 'Application/JSON; v=1': { schema: {}, example: 3 } },
              },
              default: { description: 'bad' },
            },
          },
          delete: { ...OK, security: [] },
          put: { ...OK, security: [{}, { Key: ['a'] }] },
        },
      },
      {
        servers: [{ url: 'https://{host}/{base}/', variables: { base: { default: 'v 1' } } }],
        security: [{ Key: [] }],
        components: { securitySchemes: { Key: { type: 'apiKey', in: 'header', name: 'X-Key' } } },
      },
    ),
  })
  assert.equal(api.basePath, '/v%201')
  assert.equal(api.version, '7')
  assert.deepEqual(
    api.operations.map((operation) => operation.id),
    ['getOrder', 'PUT /orders/{id}', 'DELETE /orders/{id}'],
  )
  const [read, replace, remove] = api.operations
  assert.deepEqual(read?.security, [[{ scheme: 'Key', scopes: [] }]])
  assert.deepEqual(replace?.security, [[], [{ scheme: 'Key', scopes: ['a'] }]])
  assert.deepEqual(remove?.security, [])
  assert.deepEqual(
    read?.parameters.map((one) => [one.place, one.name, one.required, one.style, one.explode]),
    [
      ['path', 'id', true, 'simple', false],
      ['header', 'x-trace', true, 'simple', false],
    ],
  )
  assert.equal(
    read?.parameters[1]?.schema?.pointer,
    '/paths/~1orders~1{id}/get/parameters/0/schema',
  )
  assert.deepEqual([...(read?.responses.keys() ?? [])], ['2XX', 'default'])
  assert.deepEqual([...(read?.responses.get('2XX')?.headers ?? [])], ['etag'])
  assert.equal(read?.responses.get('2XX')?.content[0]?.type, 'application/json')
  assert.deepEqual(read?.responses.get('2XX')?.content[0]?.examples, [3])
  assert.equal(read?.extensions.get('x-sallyport-owner'), 'sales')
  assert.deepEqual(read?.source, { file: 'a.json', pointer: '/paths/~1orders~1{id}/get' })
})

test('follows references through several files, relative to the file that holds them', () => {
  const api = load({
    'api.yaml': `
openapi: 3.0.3
info: { title: t, version: v }
paths:
  /a: { $ref: 'paths/a%20b.yaml#/items/~1a' }
`,
    'paths/a b.yaml': `
items:
  /a:
    post:
      parameters: [{ $ref: '../shared.yaml#/limit' }]
      requestBody: { $ref: '../shared.yaml#/body' }
      responses: { '200': { $ref: '../shared.yaml#/ok' } }
`,
    'shared.yaml': `
limit: { name: limit, in: query, schema: { $ref: '#/types/Int' } }
body: { required: true, content: { application/json: { schema: { $ref: 'deep/types.json#/T' } } } }
ok: { description: fine }
types: { Int: { type: integer } }
`,
    'deep/types.json': { T: { $ref: 'more.json' } },
    'deep/more.json': { type: 'object' },
  })
  const [operation] = api.operations
  assert.equal(operation?.parameters[0]?.schema?.uri, 'doc:/shared.yaml')
  assert.equal(operation?.requestBody?.content[0]?.schema?.uri, 'doc:/shared.yaml')
  assert.equal(operation?.requestBody?.required, true)
  assert.equal(operation?.source.file, 'paths/a b.yaml')
  assert.deepEqual(api.files.length, 5)
  const next = new URL('deep/types.json#/T', 'doc:/shared.yaml')
  next.hash = ''
  assert.deepEqual(api.registry.resource(next.href)?.root, { T: { $ref: 'more.json' } })
  assert.equal(api.registry.resource('doc:/deep/more.json')?.dialect, 'openapi-3.0')
  assert.equal(api.registry.resource('https://example.com/x'), undefined)
})

test('keeps references by $id to the schema engine, wherever the schema stands', () => {
  const schemas = {
    A: { $id: 'https://example.com/a', $ref: 'b' },
    B: { $id: 'https://example.com/b' },
  }
  assert.deepEqual(errorCodes({ 'a.json': document({}, { components: { schemas } }) }), [])
})

test('takes $ref as a plain name inside examples and as a property of that name', () => {
  const schema = {
    properties: { example: { properties: { $ref: { type: 'string' } } } },
    example: { $ref: 'http://example.com/' },
    default: { $ref: 'http://example.com/' },
  }
  const body = {
    content: { 'application/json': { schema, example: { $ref: 'https://example.com/' } } },
  }
  assert.deepEqual(errorCodes({ 'a.json': get({ requestBody: body }) }), [])
  const hidden = { properties: { example: { $ref: 'http://example.com/' } } }
  const code = errorCodes({
    'b.json': get({ requestBody: { content: { 'application/json': { schema: hidden } } } }),
  })
  assert.deepEqual(code, ['remote-reference'])
})

test('keeps equal templates whose methods differ', () => {
  const api = load({ 'a.json': document({ '/a/{x}': { get: OK }, '/a/{y}': { put: OK } }) })
  assert.deepEqual(
    api.operations.map((one) => one.id),
    ['GET /a/{x}', 'PUT /a/{y}'],
  )
})

test('reaches an operation with a fragment only where nothing else has its path', () => {
  const api = load({
    'a.json': document({
      '/a#x': { get: OK },
      '/b#x': { get: OK },
      '/b#y': { get: OK },
      '/c': { get: OK },
      '/c#z': { get: OK },
    }),
  })
  assert.deepEqual(
    api.operations.map((one) => one.id),
    ['GET /a', 'GET /c'],
  )
})

test('reads the methods of OpenAPI 3.2', () => {
  const item = { query: OK, additionalOperations: { COPY: OK } }
  const api = load({ 'a.json': document({ '/a': item }, { openapi: '3.2.0' }) })
  assert.deepEqual(
    api.operations.map((one) => one.method),
    ['QUERY', 'COPY'],
  )
})

test('names file, line and column of every error', () => {
  const text = `openapi: 3.1.0
info: { title: t, version: v }
paths:
  /a:
    get:
      security:
        - Nope: []
      responses: {}
`
  assert.throws(
    () => load({ 'a.yaml': text }),
    (error) => {
      assert.ok(error instanceof DocumentError)
      const [fault] = error.faults
      assert.deepEqual([fault?.file, fault?.line, fault?.column], ['a.yaml', 7, 11])
      return true
    },
  )
})

test('names line and column of text that does not parse', () => {
  assert.throws(
    () => load({ 'a.json': '{\n "a": 1,\n "b" 2\n}' }),
    (error) => {
      assert.ok(error instanceof DocumentError)
      assert.equal(error.faults[0]?.line, 3)
      return true
    },
  )
})

test('keeps a member named __proto__ as data', () => {
  const text =
    '{"openapi":"3.1.0","info":{"title":"t","version":"v"},"paths":{"/a":{"get":{"x-a":{"__proto__":{"polluted":1}},"responses":{"200":{"description":""}}}}}}'
  assert.equal(load({ 'a.json': text }).operations.length, 1)
  assert.equal(
    load({
      'a.yaml': `# yaml\n${text}`,
      'overlay.json':
        '{"overlay":"1.0.0","actions":[{"target":"$.paths","update":{"__proto__":{"polluted":1}}}]}',
    }).operations.length,
    1,
  )
  assert.equal(({} as { polluted?: unknown }).polluted, undefined)
})
