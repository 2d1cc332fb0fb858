import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { loadApi } from '../load-api.ts'
import type { ApiModel } from '../model.ts'

function load(servers: unknown): ApiModel {
  const text = JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Test', version: '1' },
    paths: { '/a': { get: { responses: { 200: { description: 'ok' } } } } },
    ...(servers === undefined ? {} : { servers }),
  })
  return loadApi({ name: 'test', file: '/a.json', overlays: [], read: () => text })
}

const codesOf = (model: ApiModel): string[] => model.findings.map(({ code }) => code)

const variables = { stage: { default: 'beta' }, port: { default: '8443' }, base: { default: 'v2' } }
const rows: [name: string, servers: unknown, base: string, code?: string][] = [
  ['without servers is the root', undefined, ''],
  ['of an empty list is the root', [], ''],
  ['of a URL is its path', [{ url: 'https://api.example.com/v1' }], '/v1'],
  ['loses the slash at its end', [{ url: 'https://api.example.com/v1/' }], '/v1'],
  ['of a URL without a path is the root', [{ url: 'https://api.example.com' }], ''],
  ['of the root is the root', [{ url: '/' }], ''],
  ['of a relative URL is its path', [{ url: '/api/v3' }], '/api/v3'],
  ['of a URL relative to the document starts at the root', [{ url: 'v3' }], '/v3'],
  ['is that of the first server', [{ url: '/v1' }, { url: '/v2' }], '/v1'],
  ['has no empty segments', [{ url: 'https://a.example//v1///x' }], '/v1/x'],
  ['has no dot segments', [{ url: 'https://a.example/v1/../x/./y' }], '/x/y'],
  ['is encoded as URLs are', [{ url: '/v 1' }], '/v%201'],
  [
    'has its variables at their defaults',
    [{ url: 'https://{stage}.example:{port}/{base}', variables }],
    '/v2',
  ],
  ['needs no default for what stands before the path', [{ url: 'https://{host}/v1' }], '/v1'],
  [
    'is unknown with an open variable',
    [{ url: 'https://a.example/{base}' }],
    '',
    'unknown-base-path',
  ],
  ['says that the variable is open', [{ url: '/{base}/x' }], '', 'server-variable'],
  ['is unknown where the URL is none', [{ url: 'https://[/v1' }], '', 'unknown-base-path'],
  ['knows no query', [{ url: '/v1?x=1' }], '/v1', 'server-query'],
  ['knows no fragment', [{ url: '/v1#x' }], '/v1', 'server-query'],
]

suite('the base path', () => {
  for (const [name, servers, base, code] of rows) {
    test(name, () => {
      const model = load(servers)
      assert.equal(model.basePath, base)
      if (code === undefined) assert.deepEqual(codesOf(model), [])
      else assert.ok(codesOf(model).includes(code), codesOf(model).join())
    })
  }

  test('of any server that has one begins with one slash and ends with none', () => {
    const piece = fc.constantFrom(
      '/',
      '..',
      '.',
      'v1',
      '{a}',
      '{',
      '}',
      '%2f',
      ' ',
      '?',
      '#',
      '\\',
      ':',
      'http://a',
      'é',
    )
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
        const { basePath } = load([{ url: pieces.join(''), variables: { a: { default: '//x/' } } }])
        // `localhost:3000/v1` is a URL of the scheme `localhost`; what it gives is refused when the plan is made.
        if (!basePath.startsWith('/')) return
        assert.match(basePath, /^\/[^/](?:.*[^/])?$/)
        assert.doesNotMatch(basePath, /\/\/|\/\.\.?(?:\/|$)/)
      }),
    )
  })
})

test('servers of single operations decide nothing, and that is told', () => {
  const operation = { responses: { 200: { description: 'ok' } }, servers: [{ url: '/other' }] }
  const text = JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Test', version: '1' },
    servers: [{ url: '/v1' }],
    paths: { '/a': { get: operation } },
  })
  const model = loadApi({ name: 'test', file: '/a.json', overlays: [], read: () => text })
  assert.equal(model.basePath, '/v1')
  assert.deepEqual(codesOf(model), ['local-servers'])
})
