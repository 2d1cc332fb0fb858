import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Ask, Asker, Got } from './kit/ask.ts'
import { asker } from './kit/ask.ts'
import type { TestGateway } from './kit/gateway.ts'
import { startGateway } from './kit/gateway.ts'
import { makeIssuer } from './kit/issuer.ts'
import type { TestUpstream } from './kit/upstream.ts'
import { startUpstream } from './kit/upstream.ts'

// AZN-04, AZN-05: ways round the rules of owners, by what the API answers and by how it is asked.

const SECRET = 'belongs-to-somebody-else'

const json = (schema: object): object => ({ 'application/json': { schema } })
const ok = (content: object): object => ({ 200: { description: 'ok', content } })
const thing = { $ref: '#/components/schemas/Thing' }
const id = { name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } }
const query = (name: string): object => ({ name, in: 'query', schema: { type: 'string' } })
const list = {
  type: 'object',
  properties: { items: { type: 'array', items: thing }, total: { type: 'integer' } },
}
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Things', version: '1' },
  security: [{ bearer: [] }],
  paths: {
    '/things': {
      get: {
        operationId: 'list',
        parameters: ['sort', 'filter', 'secret', 'note', 'limit', 'ownerId'].map(query),
        responses: ok(json(list)),
      },
      post: {
        operationId: 'make',
        requestBody: {
          content: json({
            type: 'object',
            properties: { thingId: { type: 'integer', 'x-sallyport-object': { type: 'Thing' } } },
          }),
        },
        responses: { 204: { description: 'made' } },
      },
    },
    '/things/table': {
      get: {
        operationId: 'table',
        responses: ok({ 'text/csv': { schema: { type: 'array', items: thing } } }),
      },
    },
    '/things/{id}': {
      parameters: [id],
      get: { operationId: 'get', responses: ok(json(thing)) },
      patch: {
        operationId: 'change',
        requestBody: {
          content: json({ type: 'object', properties: { note: { type: 'string' } } }),
        },
        responses: ok(json(thing)),
      },
    },
  },
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    schemas: {
      Thing: {
        type: 'object',
        properties: {
          ownerId: { type: 'integer' },
          note: { type: 'string' },
          secret: { type: 'string', 'x-sallyport-read': ['staff'] },
        },
      },
    },
  },
}

/** How the API answers the next request for a thing. */
interface Said {
  readonly status?: number
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

for (const transport of ['node', 'fast'] as const) {
  suite(`ways round the owner over ${transport}`, () => {
    let said: Said = { body: '{}' }
    let upstream: TestUpstream
    let gateway: TestGateway
    let client: Asker
    let token: string
    const get = async (plan: Ask): Promise<Got> =>
      client.ask({ ...plan, headers: { authorization: `Bearer ${token}`, ...plan.headers } })
    const shown = (next: Said, plan: Ask): Promise<Got> => {
      said = next
      upstream.seen.length = 0
      return get(plan)
    }

    before(async () => {
      upstream = await startUpstream((_request, response) => {
        const { status = 200, type = 'application/json', headers = {}, body } = said
        response.writeHead(status, { 'content-type': type, etag: '"1"', ...headers }).end(body)
      })
      const issuer = await makeIssuer('https://id.example.com', 'things')
      gateway = await startGateway({
        transport,
        yaml: [
          'openapi: ./things.json',
          `upstream: ${upstream.url}`,
          'listen: { https: 8443, tls: auto }',
          'limits: { mode: monitor }',
          `auth: { jwt: { issuers: { ${issuer.yaml('./jwks.json')} } } }`,
          'authorize: { schemas: { Thing: string(response.ownerId) == subject.id } }',
        ].join('\n'),
        files: { 'things.json': JSON.stringify(DOCUMENT), 'jwks.json': issuer.jwks },
      })
      client = asker(gateway.httpsPort, gateway.ca)
      token = await issuer.mint('7')
    })
    after(async () => {
      client.close()
      await Promise.all([gateway.close(), upstream.close()])
    })

    const owners: readonly [name: string, body: string][] = [
      ['another number', `{"ownerId":8,"note":"${SECRET}"}`],
      ['the number with a fraction', `{"ownerId":7.5,"note":"${SECRET}"}`],
      ['a number beyond what is exact', `{"ownerId":9007199254740993,"note":"${SECRET}"}`],
      ['nobody', `{"ownerId":null,"note":"${SECRET}"}`],
      ['no word of it', `{"note":"${SECRET}"}`],
      ['a list of owners', `{"ownerId":[7],"note":"${SECRET}"}`],
      ['an object', `{"ownerId":{"id":7},"note":"${SECRET}"}`],
      ['true', `{"ownerId":true,"note":"${SECRET}"}`],
      ['a digit of another script', `{"ownerId":"\u0667","note":"${SECRET}"}`],
      ['a zero in front', `{"ownerId":"07","note":"${SECRET}"}`],
      ['a blank behind', `{"ownerId":"7 ","note":"${SECRET}"}`],
      ['an exponent in a text', `{"ownerId":"7e0","note":"${SECRET}"}`],
      ['two owners, the last another', `{"ownerId":7,"note":"${SECRET}","ownerId":8}`],
      ['an owner of a prototype', `{"__proto__":{"ownerId":7},"note":"${SECRET}"}`],
      ['another case', `{"OwnerId":7,"note":"${SECRET}"}`],
      ['an object inside an object', `{"thing":{"ownerId":7},"note":"${SECRET}"}`],
      ['a text that holds an object', JSON.stringify(`{"ownerId":7,"note":"${SECRET}"}`)],
      ['a second object behind the first', `{"ownerId":7}{"note":"${SECRET}"}`],
      ['no JSON', `ownerId: 7, note: ${SECRET}`],
    ]
    for (const [name, body] of owners)
      test(`an owner told by ${name} is not the caller`, async () => {
        const got = await shown({ body }, { target: '/things/1' })
        assert.equal(got.status, 404, got.text)
        assert.ok(!got.text.includes(SECRET))
      })
    test('of two owners in an answer only the judged one goes out', async () => {
      const body = `{"ownerId":8,"note":"${SECRET}","ownerId":7,"note":"mine"}`
      const got = await shown({ body }, { target: '/things/1' })
      assert.ok(!got.text.includes(SECRET) && !got.text.includes('8'), got.text)
    })

    const answers: readonly [name: string, next: Said, plan: Ask][] = [
      [
        'unchanged',
        { status: 304, body: '' },
        { target: '/things/1', headers: { 'if-none-match': '"1"' } },
      ],
      [
        'a part',
        { status: 206, headers: { 'content-range': 'bytes 0-3/40' }, body: SECRET },
        { target: '/things/1', headers: { range: 'bytes=0-3' } },
      ],
      [
        'another status',
        { status: 203, body: `{"ownerId":8,"note":"${SECRET}"}` },
        { target: '/things/1' },
      ],
      [
        'a table',
        { type: 'text/csv', body: `note\n${SECRET}\n` },
        { target: '/things/1', headers: { accept: 'text/csv' } },
      ],
      ['a page', { type: 'text/html', body: SECRET }, { target: '/things/1' }],
      [
        'JSON under another name',
        { type: 'text/plain', body: `{"ownerId":8,"note":"${SECRET}"}` },
        { target: '/things/1' },
      ],
      [
        'a list as a text',
        { body: JSON.stringify(JSON.stringify([SECRET])) },
        { target: '/things' },
      ],
      ['items as a text', { body: JSON.stringify({ items: SECRET }) }, { target: '/things' }],
      [
        'items under numbers',
        { body: JSON.stringify({ items: { 0: { ownerId: 8, note: SECRET } } }) },
        { target: '/things' },
      ],
      [
        'items in items',
        { body: JSON.stringify({ items: [[[{ ownerId: 8, note: SECRET }]]] }) },
        { target: '/things' },
      ],
      [
        'a table with rows of others',
        { type: 'text/csv', body: `ownerId,note\n8,${SECRET}\n` },
        { target: '/things/table' },
      ],
      [
        'a table as JSON',
        { body: JSON.stringify([{ ownerId: 8, note: SECRET }]) },
        { target: '/things/table' },
      ],
    ]
    for (const [name, next, plan] of answers)
      test(`an answer shows nothing of another as ${name}`, async () => {
        const got = await shown(next, plan)
        assert.notEqual(got.status, 304)
        assert.ok(!`${got.text}${[...got.headers].join()}`.includes(SECRET), got.text)
      })

    const asked: readonly [name: string, plan: Ask][] = [
      ['by HEAD', { method: 'HEAD', target: '/things/1' }],
      [
        'with a method in a header',
        { method: 'POST', target: '/things/1', headers: { 'x-http-method-override': 'GET' } },
      ],
      ['to be changed', { method: 'PATCH', target: '/things/1', body: { note: 'x' } }],
      ['by an id in a body', { method: 'POST', target: '/things', body: { thingId: 1 } }],
      ['by an id with an exponent', { target: '/things/1e0' }],
      ['by an id with a fraction', { target: '/things/1.0' }],
      ['by an id with a sign', { target: '/things/%2B1' }],
      ['by an id with a zero in front', { target: '/things/01' }],
      ['by an id of another script', { target: '/things/%D9%A1' }],
      ['by an id beyond what is exact', { target: '/things/9007199254740993' }],
      ['sorted by what is hidden', { target: '/things?sort=secret' }],
      ['filtered by what is hidden', { target: '/things?secret=a' }],
      ['filtered by an expression on what is hidden', { target: '/things?filter=secret%20gt%20a' }],
      [
        'filtered by a field of what is others’, page by page',
        { target: '/things?note=a&limit=1' },
      ],
      ['sorted by a column that nobody declared', { target: '/things?sort=passwordHash' }],
    ]
    for (const [name, plan] of asked)
      test(`nothing is learned and nothing happens where another’s is asked for ${name}`, async () => {
        const got = await shown({ body: `{"ownerId":8,"note":"${SECRET}"}` }, plan)
        assert.ok(got.status >= 400, `${got.status} ${got.text}`)
        assert.ok(upstream.seen.every(({ method }) => method === 'GET'))
        assert.ok(!got.text.includes(SECRET))
      })

    const own = '{"ownerId":7,"note":"mine"}'
    const honest: readonly [name: string, next: Said, plan: Ask, want: RegExp][] = [
      ['reads', { body: own }, { target: '/things/1' }, /mine/],
      [
        'reads what is written with a mark in front',
        { body: `\uFEFF${own}` },
        { target: '/things/1' },
        /mine/,
      ],
      [
        'asks with conditions',
        { body: own },
        { target: '/things/1', headers: { 'if-none-match': '"0"' } },
        /mine/,
      ],
      [
        'changes',
        { body: own },
        { method: 'PATCH', target: '/things/1', body: { note: 'x' } },
        /mine/,
      ],
      [
        'lists',
        { body: `{"items":[${own},{"ownerId":8,"note":"${SECRET}"}],"total":2}` },
        { target: '/things' },
        /^\{"items":\[\{"ownerId":7,"note":"mine"\}\],"total":1\}$/,
      ],
      [
        'asks for its own by name',
        { body: `{"items":[${own}],"total":1}` },
        { target: '/things?ownerId=7&limit=1' },
        /mine/,
      ],
      [
        'takes a table',
        { type: 'text/csv', body: 'ownerId,note\n7,mine\n8,x\n' },
        { target: '/things/table' },
        /^ownerId,note\n7,mine\n$/,
      ],
    ]
    for (const [name, next, plan, want] of honest)
      test(`the owner ${name}`, async () => {
        const got = await shown(next, plan)
        assert.equal(got.status, 200, got.text)
        assert.match(got.text, want)
        assert.ok(!got.text.includes(SECRET))
      })
  })
}
