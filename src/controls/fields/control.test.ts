import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ConfigError } from '../../base/config-error.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { Principal } from '../../identity/principal.ts'
import { parseFieldAccess } from '../../pipeline/field-access.ts'
import type { FieldRule } from '../../pipeline/field-access.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { fields } from './control.ts'

const json = (schema: unknown): object => ({ content: { 'application/json': { schema } } })
const order = { $ref: '#/components/schemas/Order' }
const PATCH = {
  requestBody: {
    content: {
      'application/json': { schema: order },
      'application/merge-patch+json': { schema: { type: 'object' } },
      'application/json-patch+json': { schema: { type: 'array' } },
      'application/xml': { schema: order },
    },
  },
  responses: { 200: { description: 'ok', ...json(order) } },
}
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders': {
      get: {
        operationId: 'list',
        responses: {
          200: { description: 'ok', ...json({ type: 'array', items: order }) },
          404: { description: 'no', ...json({ properties: { note: { type: 'string' } } }) },
        },
      },
      post: {
        operationId: 'create',
        requestBody: json(order),
        responses: { 201: { description: 'ok' }, 422: { description: 'no' } },
      },
    },
    '/orders/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: { operationId: 'get', responses: PATCH.responses },
      put: { operationId: 'put', ...PATCH },
      patch: { operationId: 'patch', ...PATCH },
    },
    '/plain': {
      get: {
        operationId: 'plain',
        responses: {
          200: { description: 'ok', ...json({ properties: { name: { type: 'string' } } }) },
        },
      },
    },
  },
  components: {
    schemas: {
      Base: { type: 'object', properties: { margin: { type: 'number' } } },
      Money: { type: 'string', 'x-sallyport-read': { support: 'last4', hr: 'pass' } },
      Order: {
        'x-sallyport-owner': 'ownerId',
        allOf: [{ $ref: '#/components/schemas/Base' }],
        type: 'object',
        properties: {
          id: { type: 'string', readOnly: true },
          ownerId: { type: 'string' },
          kind: { type: 'string', 'x-sallyport-immutable': true },
          name: { type: 'string' },
          note: { type: 'string', 'x-sallyport-read': ['hr'], 'x-sallyport-write': ['hr'] },
          salary: { $ref: '#/components/schemas/Money' },
          diary: { type: 'string', 'x-sallyport-read': ['owner', 'hr'] },
          address: {
            type: 'object',
            properties: {
              street: { type: 'string' },
              verified: { type: 'boolean', 'x-sallyport-write': ['hr'] },
            },
          },
          parts: { type: 'array', items: order },
          labels: {
            type: 'object',
            properties: { open: { type: 'string' } },
            additionalProperties: { type: 'string', 'x-sallyport-read': ['hr'] },
          },
        },
      },
    },
  },
}

const ANN: Principal = { ...ANONYMOUS, id: 'i|ann', kind: 'jwt', subject: 'ann', roles: [] }
const as = (...roles: readonly string[]): Principal => ({ ...ANN, roles })
const JSON_TYPE = ['Content-Type', 'application/json']

const rules = (map: Readonly<Record<string, FieldRule>>): PolicyParts => ({
  authorize: { fields: new Map(Object.entries(map)) },
})

async function shown(
  body: unknown,
  caller: Principal,
  options: { readonly policy?: PolicyParts; readonly operation?: string } = {},
): Promise<unknown> {
  const bench = new Bench({ document: DOCUMENT, policy: options.policy ?? {} })
  const guard = bench.guard(fields, options.operation ?? 'get')
  const exchange = exchangeOf({ principal: caller })
  const text = JSON.stringify(body)
  assertRefused(await guard.response(exchange, 200, JSON_TYPE), undefined)
  if (!guard.wantsResponseBody(exchange)) return body
  assertRefused(await guard.responseBody(exchange, text), undefined)
  return JSON.parse((exchange.replacement ?? text).toString())
}

type ReadRow = [name: string, caller: Principal, body: unknown, left: unknown, policy?: PolicyParts]
const reads: ReadRow[] = [
  ['drops a field for a caller without its role', ANN, { name: 'a', note: 'x' }, { name: 'a' }],
  ['shows it to the role', as('hr'), { name: 'a', note: 'x' }, { name: 'a', note: 'x' }],
  ['drops it for nobody', ANONYMOUS, { note: 'x' }, {}],
  ['drops it in items of lists', ANN, { parts: [{ note: 'x' }, {}] }, { parts: [{}, {}] }],
  [
    'drops it at any depth of a recursive schema',
    ANN,
    { parts: [{ parts: [{ note: 'x', name: 'b' }] }] },
    { parts: [{ parts: [{ name: 'b' }] }] },
  ],
  [
    'masks what its schema masks, behind a reference',
    as('support'),
    { salary: '123456789' },
    { salary: '*****6789' },
  ],
  ['gives the best of several roles', as('support', 'hr'), { salary: 's' }, { salary: 's' }],
  ['hides from whom no word is for', as('other'), { salary: '123456789' }, {}],
  [
    'shows an owner what is theirs',
    ANN,
    { ownerId: 'ann', diary: 'd' },
    { ownerId: 'ann', diary: 'd' },
  ],
  ['hides it from others', ANN, { ownerId: 'bob', diary: 'd' }, { ownerId: 'bob' }],
  ['hides it where no owner is told', ANN, { diary: 'd' }, {}],
  [
    'asks for the owner of the object that has the field',
    ANN,
    { ownerId: 'ann', parts: [{ ownerId: 'bob', diary: 'd' }] },
    { ownerId: 'ann', parts: [{ ownerId: 'bob' }] },
  ],
  [
    'drops names that only further properties describe',
    ANN,
    { labels: { open: 'a', secret: 'b' } },
    { labels: { open: 'a' } },
  ],
  [
    'takes rules of the policy, also for fields of a part of the schema',
    ANN,
    { margin: 1, name: 'a' },
    { name: 'a' },
    rules({ 'Order.margin': { read: parseFieldAccess(['hr'], '') } }),
  ],
  [
    'shows others what a rule shows them',
    as('x'),
    { name: 'Jane Doe' },
    { name: 'J***' },
    rules({ 'Order.name': { read: parseFieldAccess({ others: 'first1' }, '') } }),
  ],
  [
    'asks for both where document and policy say something',
    as('hr'),
    { note: 'x' },
    {},
    rules({ 'Order.note': { read: parseFieldAccess(['boss'], '') } }),
  ],
  [
    'takes rules for a name in every schema',
    ANN,
    { address: { street: 's', verified: true } },
    { address: { verified: true } },
    rules({ '*.street': { read: parseFieldAccess(['hr'], '') } }),
  ],
  [
    'takes rules for a field inside a field',
    ANN,
    { address: { street: 's' } },
    { address: {} },
    rules({ 'Order.address.street': { read: parseFieldAccess(['hr'], '') } }),
  ],
  ['keeps numbers as they were written', ANN, { margin: 1.5, note: 'x' }, { margin: 1.5 }],
  [
    'takes no prototype for a field',
    ANN,
    JSON.parse('{"__proto__":1,"note":"x"}'),
    JSON.parse('{"__proto__":1}'),
  ],
  [
    'counts roles that a role includes',
    as('boss'),
    { note: 'x' },
    { note: 'x' },
    { authorize: { roleTerms: new Map([['boss', { includes: ['hr'], when: undefined }]]) } },
  ],
  [
    'counts no role whose condition does not hold',
    as('hr'),
    { note: 'x' },
    {},
    {
      authorize: {
        roleTerms: new Map([['hr', { includes: [], when: 'network.ip == "192.0.2.1"' }]]),
      },
    },
  ],
]

suite('fields: reading', () => {
  for (const [name, caller, body, left, policy] of reads)
    test(name, async () =>
      assert.deepEqual(await shown(body, caller, policy === undefined ? {} : { policy }), left),
    )

  test('filters lists, and only the answers whose schema has the field', async () => {
    assert.deepEqual(await shown([{ note: 'x' }], ANN, { operation: 'list' }), [{}])
    const bench = new Bench({ document: DOCUMENT })
    const exchange = exchangeOf({ principal: ANN })
    const guard = bench.guard(fields, 'list')
    await guard.response(exchange, 404, JSON_TYPE)
    assert.equal(guard.wantsResponseBody(exchange), false)
  })

  test('an operation without rules pays nothing', () => {
    assert.equal(new Bench({ document: DOCUMENT }).guard(fields, 'plain').guard, undefined)
  })

  test('whoever sees everything pays nothing', async () => {
    const guard = new Bench({ document: DOCUMENT }).guard(fields, 'get')
    const exchange = exchangeOf({ principal: as('hr') })
    await guard.response(exchange, 200, JSON_TYPE)
    // The diary is for owners too, but hr sees it already.
    assert.equal(guard.wantsResponseBody(exchange), false)
  })

  const unreadable: [name: string, type: string, body: string, reason: string | undefined][] = [
    ['refuses a table', 'text/csv', 'note\nx', 'unfilterable'],
    ['refuses a stream of events', 'text/event-stream', 'data: {"note":"x"}', 'unfilterable'],
    ['refuses what is no JSON', 'application/json', '{"note":', 'unfilterable'],
    ['refuses a part of a JSON text', 'application/json', '"note":"x"}', 'unfilterable'],
    ['reads JSON that is called a text', 'text/plain', '{"note":"x"}', undefined],
    ['takes no body for nothing to hide', 'application/json', '', undefined],
  ]
  for (const [name, type, body, reason] of unreadable) {
    test(name, async () => {
      const guard = new Bench({ document: DOCUMENT }).guard(fields, 'get')
      const exchange = exchangeOf({ principal: ANN })
      const head = await guard.response(exchange, 200, ['Content-Type', type])
      const refusal = head ?? (await guard.responseBody(exchange, body))
      assertRefused(refusal, reason, reason === undefined ? undefined : 502)
      assert.doesNotMatch((exchange.replacement ?? '').toString(), /x/)
    })
  }

  test('of a member that stands twice neither passes unseen', async () => {
    const guard = new Bench({ document: DOCUMENT }).guard(fields, 'get')
    const exchange = exchangeOf({ principal: as('support') })
    await guard.response(exchange, 200, JSON_TYPE)
    await guard.responseBody(exchange, '{"parts":[{"note":"secret"}],"parts":[]}')
    assert.equal(exchange.replacement?.toString(), '{"parts":[]}')
  })

  test('monitor changes nothing and says what it would hide', async () => {
    const policy = { modes: new Map([['fields', 'monitor']] as const) }
    const guard = new Bench({ document: DOCUMENT, policy }).guard(fields, 'list')
    const exchange = exchangeOf({ principal: ANN })
    await guard.response(exchange, 200, JSON_TYPE)
    await guard.responseBody(exchange, '[{"note":"x"}]')
    assert.equal(exchange.replacement, undefined)
    assert.deepEqual(
      exchange.observed.map(({ reason, detail }) => [reason, detail]),
      [['field_hidden', '/*/note']],
    )
  })
})

type WriteRow = [
  name: string,
  operation: string,
  caller: Principal,
  body: unknown,
  pointers: readonly string[] | undefined,
  type?: string,
]
const MERGE = 'application/merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'
const writes: WriteRow[] = [
  ['refuses a field without its role', 'create', ANN, { note: 'x' }, ['/note']],
  ['lets the role set it', 'create', as('hr'), { note: 'x' }, undefined],
  ['refuses null as well', 'create', ANN, { note: null }, ['/note']],
  ['refuses it in another case', 'create', ANN, { NOTE: 'x' }, ['/NOTE']],
  [
    'refuses it with a long s',
    'create',
    ANN,
    { addreſſ: { VERIFIED: true } },
    ['/addreſſ/VERIFIED'],
  ],
  ['refuses it nested', 'create', ANN, { address: { verified: true } }, ['/address/verified']],
  ['refuses it in lists', 'create', ANN, { parts: [{}, { note: 'x' }] }, ['/parts/1/note']],
  ['lets everything else pass', 'create', ANN, { name: 'a', address: { street: 's' } }, undefined],
  ['lets an immutable field be set at the start', 'create', ANN, { kind: 'a' }, undefined],
  ['refuses it in a PUT', 'put', as('hr'), { kind: 'a' }, ['/kind']],
  ['refuses it in a PATCH', 'patch', as('hr'), { kind: 'a' }, ['/kind']],
  ['judges a merge patch by what it changes', 'patch', ANN, { note: 'x' }, ['/note'], MERGE],
  [
    'refuses a merge patch that removes what holds a field',
    'patch',
    ANN,
    { address: null },
    ['/address'],
    MERGE,
  ],
  ['refuses readOnly in a merge patch', 'patch', as('hr'), { id: '1' }, ['/id'], MERGE],
  [
    'lets a merge patch change the rest',
    'patch',
    ANN,
    { address: { street: 's' } },
    undefined,
    MERGE,
  ],
  ['refuses an unreadable body', 'patch', ANN, '<note/>', [], 'application/xml'],
]

const patches: [
  name: string,
  caller: Principal,
  operation: object,
  pointers: string[] | undefined,
][] = [
  ['replace of a field', ANN, { op: 'replace', path: '/note', value: 'x' }, ['/0/path']],
  ['the same by the role', as('hr'), { op: 'replace', path: '/note', value: 'x' }, undefined],
  ['add of a field', ANN, { op: 'add', path: '/note', value: 'x' }, ['/0/path']],
  ['remove of a field', ANN, { op: 'remove', path: '/note' }, ['/0/path']],
  ['a path into a field', ANN, { op: 'add', path: '/note/a', value: 1 }, ['/0/path']],
  ['a field in another case', ANN, { op: 'add', path: '/Note', value: 1 }, ['/0/path']],
  ['a field in an item', ANN, { op: 'add', path: '/parts/0/note', value: 1 }, ['/0/path']],
  ['a field in the last item', ANN, { op: 'add', path: '/parts/-/note', value: 1 }, ['/0/path']],
  ['an escaped path', ANN, { op: 'add', path: '/no~0te', value: 1 }, ['/0/path']],
  [
    'a value with the field in it',
    ANN,
    { op: 'add', path: '/parts/-', value: { note: 1 } },
    ['/0/value/note'],
  ],
  ['an item without it', ANN, { op: 'add', path: '/parts/-', value: { name: 'a' } }, undefined],
  [
    'replacing an item that may hold it',
    ANN,
    { op: 'replace', path: '/parts/0', value: {} },
    ['/0/path'],
  ],
  ['replacing what holds it', ANN, { op: 'replace', path: '/address', value: {} }, ['/0/path']],
  ['adding over what holds it', ANN, { op: 'add', path: '/address', value: {} }, ['/0/path']],
  ['replacing everything', ANN, { op: 'replace', path: '', value: {} }, ['/0/path']],
  ['removing what holds it', ANN, { op: 'remove', path: '/address' }, ['/0/path']],
  ['copy to the field', ANN, { op: 'copy', from: '/name', path: '/note' }, ['/0/path']],
  ['copy from the field', ANN, { op: 'copy', from: '/note', path: '/name' }, ['/0/from']],
  [
    'copy of what holds a hidden field',
    ANN,
    { op: 'copy', from: '/parts/0', path: '/name' },
    ['/0/from'],
  ],
  [
    'copy from a masked field',
    as('support'),
    { op: 'copy', from: '/salary', path: '/name' },
    ['/0/from'],
  ],
  ['copy of plain fields', ANN, { op: 'copy', from: '/name', path: '/address/street' }, undefined],
  [
    'move from the field',
    ANN,
    { op: 'move', from: '/note', path: '/name' },
    ['/0/from', '/0/from'],
  ],
  [
    'move of an immutable field',
    as('hr'),
    { op: 'move', from: '/kind', path: '/name' },
    ['/0/from'],
  ],
  [
    'move of what may not be written',
    ANN,
    { op: 'move', from: '/address/verified', path: '/name' },
    ['/0/from'],
  ],
  ['test of a hidden field', ANN, { op: 'test', path: '/note', value: 'x' }, ['/0/path']],
  [
    'test of what holds a hidden field',
    ANN,
    { op: 'test', path: '/parts', value: [] },
    ['/0/path'],
  ],
  ['test of a plain field', ANN, { op: 'test', path: '/name', value: 'x' }, undefined],
  [
    'test of an owner’s field: nobody owns what is not seen',
    ANN,
    { op: 'test', path: '/diary', value: '' },
    ['/0/path'],
  ],
  ['a readOnly field', as('hr'), { op: 'replace', path: '/id', value: 'x' }, ['/0/path']],
  ['an undeclared field', ANN, { op: 'add', path: '/isAdmin', value: true }, ['/0/path']],
  ['no pointer', ANN, { op: 'add', path: 'note', value: 1 }, ['/0/path']],
  ['no path', ANN, { op: 'add', value: 1 }, ['/0/path']],
  ['an unknown operation', ANN, { op: 'merge', path: '/name', value: 1 }, ['/0/op']],
  ['copy from nowhere', ANN, { op: 'copy', path: '/name' }, ['/0/from']],
]

async function refusedPointers(row: WriteRow): Promise<readonly string[] | undefined> {
  const [, operation, caller, value, , type = 'application/json'] = row
  const guard = new Bench({ document: DOCUMENT }).guard(fields, operation)
  const exchange = exchangeOf({ principal: caller, headers: ['Content-Type', type] })
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const refusal = await guard.body(exchange, text)
  if (refusal !== undefined) assert.equal(refusal.denial.status ?? refusal.spec.status, 422)
  return refusal && (refusal.denial.errors ?? []).map(({ pointer }) => pointer)
}

suite('fields: writing', () => {
  for (const row of writes)
    test(row[0], async () => assert.deepEqual(await refusedPointers(row), row[4]))

  for (const [name, caller, operation, pointers] of patches) {
    test(`JSON Patch: ${name}`, async () => {
      const row: WriteRow = [name, 'patch', caller, [operation], pointers, JSON_PATCH]
      assert.deepEqual(await refusedPointers(row), pointers)
    })
  }

  test('takes the value that was read already', async () => {
    const guard = new Bench({ document: DOCUMENT }).guard(fields, 'create')
    const exchange = exchangeOf({ principal: ANN })
    exchange.hasBodyValue = true
    exchange.body = { note: 'x' }
    assertRefused(await guard.body(exchange, 'note=x'), 'field', 422)
  })
})

suite('fields: loading', () => {
  test('refuses a rule about owners where nobody says whose the object is', () => {
    const policy = rules({ 'Base.margin': { read: parseFieldAccess(['owner'], '') } })
    const document = structuredClone(DOCUMENT)
    Object.assign(
      document.paths['/plain'].get.responses[200],
      json({ $ref: '#/components/schemas/Base' }),
    )
    const bench = new Bench({ document, policy })
    assert.throws(() => bench.guard(fields, 'plain'), /nobody says whose/)
  })

  const faults: [name: string, extension: object][] = [
    ['roles that are no list', { 'x-sallyport-read': 'hr' }],
    ['an action that nobody knows', { 'x-sallyport-read': { others: 'blur' } }],
    ['writers that are no list', { 'x-sallyport-write': true }],
    ['an immutable that is no boolean', { 'x-sallyport-immutable': 'yes' }],
  ]
  for (const [name, extension] of faults) {
    test(`refuses ${name} in the document`, () => {
      const document = structuredClone(DOCUMENT)
      Object.assign(document.components.schemas.Order.properties.name, extension)
      assert.throws(() => new Bench({ document }).guard(fields, 'get'), ConfigError)
    })
  }

  test('has nothing to do without an operation', () => {
    assert.equal(new Bench().guard(fields).guard, undefined)
  })

  test('every reason is reached', () => {
    assertEveryReason(fields, ['field', 'field_unreadable', 'field_hidden', 'unfilterable'])
  })
})

suite('fields: properties', () => {
  const names = ['hr', 'support', 'owner', 'others', 'x', '__proto__'] as const
  const anyOrder = fc.letrec((tie) => ({
    order: fc.record(
      {
        note: fc.constant('SECRET-note'),
        salary: fc.constant('SECRET-salary'),
        name: fc.string(),
        margin: fc.double({ noNaN: true, noDefaultInfinity: true }),
        parts: fc.array(tie('order'), { maxLength: 3 }),
        labels: fc.dictionary(fc.string({ maxLength: 5 }), fc.constant('SECRET-label')),
      },
      { requiredKeys: [] },
    ),
  })).order

  test('no set of roles sees or sets what no rule gives it', async () => {
    const bench = new Bench({ document: DOCUMENT })
    const guard = bench.guard(fields, 'get')
    const writer = bench.guard(fields, 'create')
    await fc.assert(
      fc.asyncProperty(fc.subarray([...names]), anyOrder, async (roles, body) => {
        const exchange = exchangeOf({ principal: as(...roles) })
        const text = JSON.stringify(body)
        await guard.response(exchange, 200, JSON_TYPE)
        if (guard.wantsResponseBody(exchange)) await guard.responseBody(exchange, text)
        const out = (exchange.replacement ?? text).toString()
        // A role may be called as the words of rules are; that makes it neither owner nor everybody.
        const isHr = roles.includes('hr')
        if (isHr) assert.equal(out, text)
        else
          assert.doesNotMatch(
            out.replaceAll(/"open":"SECRET-label"/g, ''),
            /SECRET-(?:note|salary|label)/,
          )
        const sent = exchangeOf({ principal: as(...roles), headers: JSON_TYPE })
        const refusal = await writer.body(sent, text)
        assert.equal(refusal !== undefined, !isHr && text.includes('SECRET-note'))
      }),
      { numRuns: 200 },
    )
  })
})
