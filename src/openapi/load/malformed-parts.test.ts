import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../../base/config-error.ts'
import { loadApi } from '../load-api.ts'
import type { ApiModel } from '../model.ts'
import { DocumentError } from './document-error.ts'

const RESPONSES = { responses: { 200: { description: 'ok' } } }

/** A document whose only path item stands in a second file, which the structural check does not see. */
interface Parts {
  readonly item: unknown
  readonly version?: string
  /** Of the first file. */
  readonly components?: object
  /** Beside the reference to the second file. */
  readonly beside?: object
}

function documentOf(operation: object, more: Partial<Parts> = {}): Parts {
  return { item: { get: { ...RESPONSES, ...operation } }, ...more }
}

function load({ item, version = '3.1.0', components = {}, beside = {} }: Parts): ApiModel {
  const root = {
    openapi: version,
    info: { title: 'Test', version: '1' },
    paths: { '/a': { $ref: 'item.json', ...beside } },
    components,
  }
  const read = (file: string): string => JSON.stringify(file.endsWith('item.json') ? item : root)
  return loadApi({ name: 'test', file: '/a.json', overlays: [], read })
}

/** Codes of findings, whether the document loads or not. */
function codesOf(document: Parts): readonly string[] {
  try {
    return load(document).findings.map(({ code }) => code)
  } catch (error) {
    assert.ok(error instanceof ConfigError && error instanceof DocumentError, String(error))
    return error.findings.map(({ code }) => code)
  }
}

const json = (content: unknown): object => ({ responses: { 200: { description: 'ok', content } } })
const parameter = (...parameters: unknown[]): object => ({ parameters })
const QUERY = { name: 'q', in: 'query', schema: { type: 'string' } }

const rows: [name: string, document: Parts, code: string][] = [
  ['content that is no object', documentOf(json('text')), 'malformed'],
  ['a media type without a name', documentOf(json({ '': {} })), 'unnamed-media-type'],
  ['a media type that is none', documentOf(json({ 'no type': {} })), 'unknown-media-type'],
  [
    'a media type that stands there twice',
    documentOf(json({ 'application/json': {}, 'Application/JSON; charset=utf-8': {} })),
    'duplicate-media-type',
  ],
  ['parameters that are no list', documentOf({ parameters: { q: QUERY } }), 'malformed'],
  ['a parameter without a name', documentOf(parameter({ in: 'query' })), 'malformed-parameter'],
  ['a parameter at no place', documentOf(parameter({ name: 'q' })), 'malformed-parameter'],
  [
    'a style that does not go with the place',
    documentOf(parameter({ ...QUERY, style: 'matrix' })),
    'unknown-style',
  ],
  [
    'a parameter with two media types',
    documentOf(
      parameter({ name: 'q', in: 'query', content: { 'application/json': {}, 'text/plain': {} } }),
    ),
    'malformed-parameter',
  ],
  [
    'a parameter without a schema',
    documentOf(parameter({ name: 'q', in: 'query' })),
    'untyped-parameter',
  ],
  [
    'a parameter that could pollute prototypes',
    documentOf(parameter({ ...QUERY, name: '__proto__' })),
    'forbidden-parameter-name',
  ],
  [
    'a header that the media type says already',
    documentOf(parameter({ ...QUERY, in: 'header', name: 'Content-Type' })),
    'ignored-header-parameter',
  ],
  [
    'a whole query string beside a parameter of it',
    documentOf(
      parameter(QUERY, {
        name: 'all',
        in: 'querystring',
        content: { 'application/x-www-form-urlencoded': {} },
      }),
      { version: '3.2.0' },
    ),
    'querystring-conflict',
  ],
  ['security that is no list', documentOf({ security: { key: [] } }), 'malformed-security'],
  ['a requirement that is no object', documentOf({ security: ['key'] }), 'malformed-security'],
  [
    'a scheme that nobody defined',
    documentOf({ security: [{ key: [] }] }),
    'unknown-security-scheme',
  ],
  [
    'scopes that are no list',
    documentOf(
      { security: [{ key: 'read' }] },
      { components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } } },
    ),
    'malformed-security',
  ],
  ['a path item that is no object', { item: 'x' }, 'malformed'],
  ['an operation that is no object', { item: { get: 'x' } }, 'malformed'],
  [
    'a path item with a reference and operations',
    documentOf({}, { beside: { post: RESPONSES } }),
    'path-item-siblings',
  ],
  ['TRACE', { item: { trace: RESPONSES } }, 'refused-method'],
  [
    'a method that is none',
    { item: { additionalOperations: { 'A B': RESPONSES } }, version: '3.2.0' },
    'malformed-method',
  ],
]

suite('a document with', () => {
  for (const [name, document, code] of rows) {
    test(`${name} is told: ${code}`, () => {
      const codes = codesOf(document)
      assert.ok(codes.includes(code), codes.join())
    })
  }
})

test('a requirement of OpenAPI 3.2 may name its scheme by a reference', () => {
  const scheme = 'a.json#/components/securitySchemes/key'
  const components = { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } }
  const document = documentOf({ security: [{ [scheme]: [] }] }, { components })
  const model = load({ ...document, version: '3.2.0' })
  assert.equal(model.securitySchemes.get(scheme)?.httpScheme, 'bearer')
  assert.ok(codesOf(document).includes('unknown-security-scheme'), 'not before 3.2')
})

test('examples of every form are found', () => {
  const examples = {
    b: { value: 1 },
    c: { dataValue: 2 },
    d: { $ref: 'a.json#/components/examples/d' },
  }
  const content = {
    'application/json': { example: 0, examples },
    'text/plain': { examples: ['a', 'b'] },
  }
  const components = { examples: { d: { value: 3 } } }
  const { operations } = load(documentOf(json(content), { components }))
  const found = operations[0]?.responses.get('200')?.content.map((media) => media.examples)
  assert.deepEqual(found, [
    [0, 1, 2, 3],
    ['a', 'b'],
  ])
})

test('a media type without a name is JSON where a structure is declared, else any', () => {
  const typeOf = (schema: object | undefined): string | undefined => {
    const content = { '': schema === undefined ? {} : { schema } }
    const [operation] = load(documentOf(json(content))).operations
    return operation?.responses.get('200')?.content[0]?.type
  }
  assert.equal(typeOf({ type: 'object' }), 'application/json')
  assert.equal(typeOf({ $ref: '#/components/schemas/A' }), 'application/json')
  assert.equal(typeOf({ type: 'string' }), '*/*')
  assert.equal(typeOf(undefined), '*/*')
})
