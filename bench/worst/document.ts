/** Schema of the body of `POST /<name>`. What real documents hold, where it can be made to cost. */
const NODE = { $ref: '#/components/schemas/Node' }
const EXPRESSION = { $ref: '#/components/schemas/Expression' }
const SHAPE = { $ref: '#/components/schemas/Shape' }
const word = { type: 'string', maxLength: 60_000 }
const text = { type: 'string' }

/** Branches that look alike until the last field. */
const branches = Array.from({ length: 20 }, (_, index) => ({
  type: 'object',
  required: ['a', 'b', 'kind'],
  properties: { a: text, b: text, kind: { const: `kind-${index}` } },
}))

export const BODIES: Readonly<Record<string, object>> = {
  any: {},
  map: { type: 'object', additionalProperties: word },
  maps: { type: 'array', items: { additionalProperties: true } },
  closed: { type: 'object', properties: { a: text } },
  strings: { type: 'array', items: text },
  numbers: { type: 'array', items: { type: 'number', multipleOf: 0.01 } },
  objects: { type: 'array', items: { type: 'object', properties: { id: { type: 'integer' } } } },
  unique: { type: 'array', uniqueItems: true },
  'unique-objects': {
    type: 'array',
    uniqueItems: true,
    items: { type: 'object', additionalProperties: true },
  },
  'one-of': { type: 'array', items: { oneOf: branches } },
  'any-of': { type: 'array', items: { anyOf: branches } },
  node: NODE,
  expression: EXPRESSION,
  shapes: { type: 'array', items: SHAPE },
  enum: { type: 'array', items: { enum: Array.from({ length: 1000 }, (_, n) => `value-${n}`) } },
  'enum-objects': {
    type: 'array',
    items: { enum: Array.from({ length: 50 }, (_, n) => ({ a: { b: { c: [1, 2, 3, n] } } })) },
  },
  contains: { type: 'array', contains: { type: 'object', required: ['x'] }, minContains: 5 },
  'pattern-names': {
    type: 'object',
    patternProperties: { '^x-[a-z-]+$': text, '[0-9]+$': text, '^(a|b|ab)*c': text },
    additionalProperties: false,
  },
  names: { type: 'object', propertyNames: { pattern: '^[a-z][a-z0-9-]*[a-z0-9]$' } },
  unevaluated: {
    type: 'object',
    allOf: branches.map((_, n) => ({ properties: { [`p${n}`]: text } })),
    anyOf: [{ properties: { q: text } }, { properties: { r: text } }],
    unevaluatedProperties: word,
  },
  dependent: {
    type: 'object',
    additionalProperties: true,
    dependentRequired: Object.fromEntries(branches.map((_, n) => [`d${n}`, ['never']])),
  },
  urls: { type: 'array', items: { type: 'string', format: 'uri' } },
  links: {
    type: 'array',
    items: { type: 'object', properties: { url: { type: 'string', format: 'uri' } } },
  },
  emails: { type: 'array', items: { type: 'string', format: 'email' } },
  dates: { type: 'array', items: { type: 'string', format: 'date-time' } },
  formats: {
    type: 'object',
    properties: Object.fromEntries(
      'email uri uri-reference iri hostname ipv4 ipv6 uuid date-time date time duration json-pointer uri-template regex byte password'
        .split(' ')
        .map((format) => [format, { type: 'string', format }]),
    ),
  },
  lengths: { type: 'array', items: { type: 'string', minLength: 10, maxLength: 100_000 } },
  'contains-max': {
    type: 'array',
    contains: { type: 'integer' },
    minContains: 0,
    maxContains: 20_000,
    unevaluatedItems: text,
  },
  'all-of': { type: 'array', items: nestedAllOf(20) },
  'one-of-required': {
    type: 'array',
    items: {
      oneOf: branches.map((_, n) => ({
        required: [`r${n}`],
        properties: { [`r${n}`]: text },
        additionalProperties: true,
      })),
    },
  },
  'one-of-texts': {
    type: 'array',
    items: { oneOf: branches.map((_, n) => ({ type: 'string', pattern: `^[a-z]{${n},}-${n}$` })) },
  },
  'if-then': {
    type: 'array',
    items: {
      type: 'object',
      properties: { kind: text },
      additionalProperties: true,
      allOf: branches.map((_, n) => rule(n)),
    },
  },
  'not-any': { type: 'array', items: { not: { anyOf: branches } } },
  'many-patterns': {
    type: 'object',
    patternProperties: Object.fromEntries(
      branches.map((_, n) => [`^[a-z]+-${n}-[a-z0-9-]*$`, text]),
    ),
    additionalProperties: true,
  },
  tree: {
    $id: 'tree',
    $dynamicAnchor: 'node',
    type: 'object',
    properties: {
      a: text,
      left: { $dynamicRef: '#node' },
      right: { anyOf: [{ type: 'string' }, { $dynamicRef: '#node' }] },
    },
  },
  tuples: { type: 'array', items: { type: 'array', prefixItems: branches.map(() => text) } },
  steps: { type: 'array', items: { type: 'number', multipleOf: 0.0001, maximum: 1e300 } },
  times: { type: 'array', items: { type: 'string', format: 'time' } },
  addresses: { type: 'array', items: { type: 'string', format: 'ipv6' } },
  hosts: { type: 'array', items: { type: 'string', format: 'hostname' } },
  pointers: { type: 'array', items: { type: 'string', format: 'json-pointer' } },
  templates: { type: 'array', items: { type: 'string', format: 'uri-template' } },
  regexes: { type: 'array', items: { type: 'string', format: 'regex' } },
  bytes: { type: 'array', items: { type: 'string', format: 'byte' } },
  targets: { type: 'array', items: { type: 'object', properties: { url: text, callback: text } } },
}

/** Asks for a field of objects of one kind. From a list of pairs, so that nobody takes the schema for a promise. */
function rule(n: number): object {
  const pairs: [string, object][] = [
    ['if', { properties: { kind: { const: `kind-${n}` } }, required: ['kind'] }],
    ['then', { required: [`needed-${n}`] }],
  ]
  return Object.fromEntries(pairs)
}

/** Each level holds the next one by `allOf`, and names a field of its own. */
function nestedAllOf(levels: number): object {
  const own = { type: 'object', properties: { [`p${levels}`]: text } }
  return levels === 0 ? own : { ...own, allOf: [nestedAllOf(levels - 1)] }
}

const SCHEMAS = {
  Node: {
    oneOf: [
      { type: 'object', required: ['a'], properties: { a: text, child: NODE } },
      { type: 'object', required: ['b'], properties: { b: text, child: NODE } },
    ],
  },
  Expression: {
    anyOf: [
      {
        type: 'object',
        required: ['and'],
        properties: { and: { type: 'array', items: EXPRESSION } },
      },
      {
        type: 'object',
        required: ['or'],
        properties: { or: { type: 'array', items: EXPRESSION } },
      },
      {
        type: 'object',
        required: ['and', 'not'],
        properties: { and: { type: 'array', items: EXPRESSION }, not: EXPRESSION },
      },
      { type: 'string' },
    ],
  },
  Shape: {
    oneOf: branches,
    discriminator: { propertyName: 'kind' },
  },
}

const parameters = [
  { name: 'id', in: 'query', schema: { type: 'integer' } },
  { name: 'list', in: 'query', schema: { type: 'array', items: { type: 'integer' } } },
  {
    name: 'csv',
    in: 'query',
    style: 'form',
    explode: false,
    schema: { type: 'array', items: text },
  },
  {
    name: 'filter',
    in: 'query',
    style: 'deepObject',
    explode: true,
    schema: { type: 'object', additionalProperties: word },
  },
  { name: 'q', in: 'query', schema: { type: 'string', pattern: '^[a-z]+( [a-z]+)*$' } },
  {
    name: 'tree',
    in: 'query',
    style: 'deepObject',
    explode: true,
    schema: {
      type: 'object',
      additionalProperties: { type: 'object', additionalProperties: true },
    },
  },
  { name: 'json', in: 'query', content: { 'application/json': { schema: {} } } },
  { name: 'X-List', in: 'header', schema: { type: 'array', items: text } },
  { name: 'session', in: 'cookie', schema: text },
]
const responses = { 200: { description: 'ok' } }
const FORM = {
  type: 'object',
  properties: {
    a: text,
    list: { type: 'array', items: text },
    file: { type: 'string', format: 'binary' },
    json: { type: 'object', additionalProperties: true },
    map: { type: 'object', additionalProperties: true },
  },
  additionalProperties: true,
}

/** The document under attack: `/<name>` for every body, forms, and reads; public but for `/secret`. `patterns`: bodies `{"p": [..]}`. */
export function worstDocument(patterns: readonly string[]): string {
  const post = (name: string, content: object): [string, object] => [
    `/${name}`,
    { post: { operationId: `post-${name}`, security: [], requestBody: { content }, responses } },
  ]
  const json = (schema: object): object => ({ 'application/json': { schema } })
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Worst', version: '1' },
    servers: [{ url: '/' }],
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
    },
    paths: Object.fromEntries([
      ...Object.entries(BODIES).map(([name, schema]) => post(name, json(schema))),
      ...patterns.map((pattern, index) =>
        post(`p${index}`, json({ type: 'array', items: { type: 'string', pattern } })),
      ),
      post('form', {
        'application/x-www-form-urlencoded': {
          schema: FORM,
          encoding: { map: { style: 'deepObject', explode: true } },
        },
      }),
      post('upload', { 'multipart/form-data': { schema: FORM } }),
      post('plain', { 'text/plain': { schema: text } }),
      [
        '/read/{id}',
        {
          get: {
            operationId: 'read',
            security: [],
            parameters: [...parameters, { name: 'id', in: 'path', required: true, schema: text }],
            responses,
          },
        },
      ],
      [
        '/secret',
        { get: { operationId: 'secret', security: [{ bearer: [] }, { key: [] }], responses } },
      ],
    ]),
  })
}
