import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { ANONYMOUS } from '../../identity/principal.ts'
import type { ObjectAnswer } from '../../pipeline/exchange.ts'
import { fields } from '../fields/control.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { tables } from './control.ts'
import { cellOf, readTable } from './csv.ts'

const csv = (items: object): object => ({
  200: { description: 'ok', content: { 'text/csv': { schema: { type: 'array', items } } } },
})
const row = {
  type: 'object',
  'x-sallyport-owner': 'userId',
  properties: {
    id: { type: 'integer' },
    userId: { type: 'integer' },
    note: { type: ['string', 'null'] },
    margin: { type: 'number', 'x-sallyport-read': ['staff'] },
    phone: { type: 'string', 'x-sallyport-read': { owner: 'pass', others: 'last4' } },
    total: {
      type: 'object',
      properties: { amount: { type: 'integer' }, cost: { type: 'integer' } },
    },
  },
}
const payment = {
  type: 'object',
  properties: {
    amount: { type: 'integer' },
    orderId: { type: 'integer', 'x-sallyport-object': { type: 'Order' } },
  },
}
const open = { ...row, additionalProperties: true }
const get = (operationId: string, responses: object): object => ({
  get: { operationId, responses },
})
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/rows': get('rows', csv(row)),
    '/open': get('open', csv(open)),
    '/payments': get('payments', csv(payment)),
    '/text': get('text', {
      200: { description: 'ok', content: { 'text/csv': { schema: { type: 'string' } } } },
    }),
    '/orders/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
      get: {
        operationId: 'order',
        responses: {
          200: {
            description: 'ok',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } },
          },
        },
      },
    },
  },
  components: {
    schemas: {
      Order: {
        type: 'object',
        'x-sallyport-owner': 'owner',
        properties: { owner: { type: 'string' } },
      },
    },
  },
}

interface Shown {
  readonly text: string
  readonly reason: string | undefined
  readonly status: number | undefined
  readonly detail: string | undefined
}

interface Case {
  readonly operation?: string
  readonly roles?: readonly string[]
  readonly type?: string
  readonly status?: number
  readonly policy?: PolicyParts
  readonly readObject?: () => Promise<ObjectAnswer | undefined>
}

async function shown(text: string, parts: Case = {}): Promise<Shown> {
  const { operation = 'rows', roles = [], type = 'text/csv', status = 200, policy = {} } = parts
  const guard = new Bench({ document: DOCUMENT, policy }).guard(tables, operation)
  const exchange = exchangeOf({ principal: { ...ANONYMOUS, kind: 'jwt', subject: '7', roles } })
  if (parts.readObject !== undefined) exchange.readObject = parts.readObject
  const head = await guard.response(exchange, status, ['Content-Type', type])
  const isRead = head === undefined && guard.wantsResponseBody(exchange)
  const refusal = isRead ? await guard.responseBody(exchange, text) : head
  const note = exchange.repaired[0] ?? exchange.observed[0]
  return {
    text: exchange.replacement?.toString() ?? text,
    reason: refusal?.denial.reason ?? note?.reason,
    status: refusal?.spec.status,
    detail: refusal?.denial.detail ?? note?.detail,
  }
}

suite('long tables', () => {
  const lines = (count: number, owner: (n: number) => number): string =>
    Array.from({ length: count }, (_, n) => `${n},${owner(n)}\n`).join('')

  test('are filtered as short ones are', async () => {
    const found = await shown(`id,userId\n${lines(9000, (n) => 7 + (n % 2))}`)
    const own = lines(9000, (n) => 7 + (n % 2)).replaceAll(/\d+,8\n/g, '')
    assert.equal(found.text, `id,userId\n${own}`)
    assert.equal(found.detail, '4500 rows')
  })

  test('go out as they came where all is the caller’s', async () => {
    const found = await shown(`id,userId\n${lines(9000, () => 7)}`)
    assert.equal(found.reason, undefined)
  })

  test('are refused where the last line is none of a table', async () => {
    const found = await shown(`id,userId\n${lines(9000, () => 7)}1,7,8\n`)
    assert.equal(found.reason, 'unreadable_table')
  })

  test('let others have their turn in between', async () => {
    let turns = 0
    const timer = setInterval(() => (turns += 1), 0)
    await shown(`id,userId\n${lines(60_000, () => 7)}`)
    clearInterval(timer)
    assert.ok(turns >= 10, `${turns} turns`)
  })
})

type Row = [
  name: string,
  text: string,
  left: string | undefined,
  reason: string | undefined,
  parts?: Case,
]
const rows: Row[] = [
  ['leaves a table of the caller’s own', 'id,userId\n1,7\n', undefined, undefined],
  [
    'leaves out rows of others',
    'id,userId\n1,7\n2,8\n3,7\n',
    'id,userId\n1,7\n3,7\n',
    'foreign_row',
  ],
  [
    'keeps line ends and quotes',
    'id,userId,note\r\n1,7,"a, ""b"""\r\n2,8,x\r\n',
    'id,userId,note\r\n1,7,"a, ""b"""\r\n',
    'foreign_row',
  ],
  ['reads semicolons', 'id;userId\n1;7\n2;8\n', 'id;userId\n1;7\n', 'foreign_row'],
  ['reads what follows a byte order mark', '\uFEFFuserId\n8\n', 'userId\n', 'foreign_row'],
  [
    'leaves out rows without an owner',
    'userId,id\n,1\nx,2\n7.0,3\n7e0,4\n 7,5\n07,6\n',
    'userId,id\n',
    'foreign_row',
  ],
  ['leaves out everything without a column of owners', 'id\n1\n', 'id\n', 'foreign_row'],
  ['leaves out columns of other roles', 'userId,margin\n7,3\n', 'userId\n7\n', 'hidden_cell'],
  ['shows them to their role', 'userId,margin\n7,3\n', undefined, undefined, { roles: ['staff'] }],
  ['leaves out columns that nobody declared', 'userId,cost\n7,3\n', 'userId\n7\n', 'hidden_cell'],
  [
    'keeps them where the document says so',
    'userId,cost\n7,3\n',
    undefined,
    undefined,
    { operation: 'open' },
  ],
  ['shows columns of objects inside', 'userId,total.amount\n7,3\n', undefined, undefined],
  [
    'leaves out those that are not declared there',
    'userId,total.margin\n7,3\n',
    'userId\n7\n',
    'hidden_cell',
  ],
  [
    'leaves out an object that stands in a cell',
    'userId,total\n7,{}\n',
    'userId\n7\n',
    'hidden_cell',
  ],
  ['shows owners what is theirs', 'userId,phone\n7,+31101234567\n', undefined, undefined],
  [
    'makes formulas between tabs safe',
    'userId\tnote\n7\t=1+1\n',
    "userId\tnote\n7\t'=1+1\n",
    'formula',
  ],
  ['makes formulas safe', 'userId,note\n7,=1+1\n', "userId,note\n7,'=1+1\n", 'formula'],
  [
    'makes them safe in what is left',
    'userId,note\n7,"=A1"\n8,x\n',
    'userId,note\n7,"\'=A1"\n',
    'foreign_row',
  ],
  ['drops empty lines', 'id,userId\n1,7\n\n2,8\n', 'id,userId\n1,7\n', 'foreign_row'],
  ['refuses lines of different length', 'id,userId\n1,7,9\n', '', 'unreadable_table'],
  ['refuses a column that is named twice', 'userId,userId\n7,8\n', '', 'unreadable_table'],
  ['refuses it in another case', 'userId,UserID\n7,8\n', '', 'unreadable_table'],
  [
    'refuses columns of which none is declared',
    'a,b\n1,2\n',
    '',
    'unreadable_table',
    { operation: 'open' },
  ],
  [
    'refuses more columns than a spreadsheet has',
    `userId${',x'.repeat(16_384)}\n`,
    '',
    'unreadable_table',
  ],
  ['refuses quotes that do not close', 'userId\n"7\n', '', 'unreadable_table'],
  ['refuses text behind a quote', 'userId\n"7"8\n', '', 'unreadable_table'],
  ['refuses a quote inside', 'userId\n7"8\n', '', 'unreadable_table'],
  [
    'refuses a charset that is not known',
    'userId\n7\n',
    '',
    'unreadable_table',
    { type: 'text/csv; charset=utf-16' },
  ],
  ['refuses a part', 'userId\n7\n', '', 'unreadable_table', { status: 206 }],
  ['leaves failures to others', 'none', undefined, undefined, { status: 404 }],
]

suite('a table', () => {
  for (const [name, text, left, reason, parts] of rows)
    test(name, async () => {
      const found = await shown(text, parts)
      assert.equal(found.reason, reason)
      if (reason === 'unreadable_table') assert.equal(found.status, 502)
      else assert.equal(found.text, left ?? text)
    })

  test('whose rows name objects is judged by these', async () => {
    const readObject = (owner: string) => () =>
      Promise.resolve({ status: 200, body: Buffer.from(JSON.stringify({ owner })) })
    const text = 'amount,orderId\n1,5\n'
    const own = await shown(text, { operation: 'payments', readObject: readObject('7') })
    assert.equal(own.reason, undefined)
    const other = await shown(text, { operation: 'payments', readObject: readObject('8') })
    assert.equal(other.text, 'amount,orderId\n')
    const unknown = await shown(text, {
      operation: 'payments',
      readObject: () => Promise.resolve(undefined),
    })
    assert.deepEqual([unknown.reason, unknown.status], ['owner_unknown', 503])
  })

  test('is only watched in monitor, and the log names columns and rows, no values', async () => {
    const policy: PolicyParts = { modes: new Map([['tables', 'monitor']]) }
    const text = 'userId,margin\n7,3\n8,4711\n'
    const found = await shown(text, { policy })
    assert.equal(found.text, text)
    assert.equal(found.reason, 'foreign_row')
    assert.equal(found.detail, '1 rows /*/margin')
  })

  test('is asked for as a whole, and as a table', () => {
    const guard = new Bench({ document: DOCUMENT }).guard(tables, 'rows')
    for (const name of ['range', 'if-none-match', 'accept'])
      assert.equal(guard.dropsRequest(name), true)
    const exchange = exchangeOf({ method: 'HEAD' })
    assert.deepEqual(guard.forward(exchange), ['accept', 'text/csv'])
    return guard.request(exchange).then(() => assert.equal(exchange.upstreamMethod, 'GET'))
  })

  test('is left alone where nobody describes its rows', () => {
    assert.equal(new Bench({ document: DOCUMENT }).guard(tables, 'text').guard, undefined)
    assert.equal(new Bench().guard(tables).guard, undefined)
  })

  test('is not refused by the rules of fields, which hold here', async () => {
    const guard = new Bench({ document: DOCUMENT }).guard(fields, 'rows')
    const exchange = exchangeOf()
    assertRefused(await guard.response(exchange, 200, ['Content-Type', 'text/csv']), undefined)
  })

  test('every reason is reached', () =>
    assertEveryReason(tables, [...rows.map((one) => one[3]), 'owner_unknown']))
})

suite('reading a table', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ';', '=', ' ') })
  test('gives back what was written', () => {
    const lines = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1 }),
      )
    fc.assert(
      fc.property(lines, (table) => {
        const head = (table[0] ?? []).map((_, index) => `c${index}`)
        const text = [head, ...table]
          .map((cells) => `${cells.map((one) => cellOf(one, ',')).join(',')}\n`)
          .join('')
        const read = readTable(text)
        assert.deepEqual(read?.columns, head)
        assert.deepEqual(
          read.rows.map((cells) => cells.map((one) => one.text)),
          table,
        )
      }),
    )
  })

  test('never throws, and ends', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r') }),
        (text) => void readTable(text),
      ),
    )
  })
})
