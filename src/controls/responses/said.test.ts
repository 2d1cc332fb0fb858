import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { HeaderTable } from '../../http/header-table.ts'
import { Bench } from '../testing/bench.ts'
import { answerReader } from './said.ts'

const schema = { type: 'object' }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders': {
      get: {
        operationId: 'list',
        responses: {
          200: {
            description: 'ok',
            content: { 'application/json': { schema }, 'image/png': {}, '*/*': { schema } },
          },
          404: { description: 'gone', content: { 'application/json': { schema } } },
        },
      },
    },
  },
}

const site = new Bench({ document: DOCUMENT }).site('list')
const judges = new Map(
  [...site.operation.responses.values()].map((response) => [
    response,
    new Map(
      response.content.map(({ type }) => [
        type,
        type === 'image/png' ? undefined : { name: type, seeksJson: type === '*/*' },
      ]),
    ),
  ]),
)

type Row = readonly [
  name: string,
  status: number,
  contentType: string | undefined,
  type: string | undefined,
  judge: string | undefined,
]

const ROWS: readonly Row[] = [
  [
    'finds the type that is declared',
    200,
    'application/json',
    'application/json',
    'application/json',
  ],
  [
    'passes over parameters',
    200,
    'application/json; charset=utf-8',
    'application/json',
    'application/json',
  ],
  ['judges no picture', 200, 'image/png', 'image/png', undefined],
  ['takes a range for what else is JSON', 200, 'application/x+json', '*/*', '*/*'],
  ['takes a text for the JSON that some servers mean', 200, 'text/plain', '*/*', '*/*'],
  ['judges no sound', 200, 'audio/ogg', '*/*', undefined],
  [
    'takes an answer without a type for JSON',
    200,
    undefined,
    'application/json',
    'application/json',
  ],
  ['finds nothing for a type that is none', 200, 'json', undefined, undefined],
  [
    'finds what another status declares',
    404,
    'application/json',
    'application/json',
    'application/json',
  ],
  ['finds no other type there', 404, 'image/png', undefined, undefined],
  [
    'finds nothing for a status that is not declared',
    500,
    'application/json',
    undefined,
    undefined,
  ],
]

suite('what the document says of an answer', () => {
  const shared = answerReader(site, judges)
  const ask = (read: typeof shared, [, status, contentType]: Row): unknown => {
    const headers = new HeaderTable(contentType === undefined ? [] : ['Content-Type', contentType])
    const { declared, type, judge } = read({ status, headers })
    return [declared, type, judge?.name]
  }

  for (const row of ROWS) {
    test(row[0], () => {
      const [, status, , type, judge] = row
      const declared = site.operation.responses.get(String(status))
      assert.deepEqual(ask(answerReader(site, judges), row), [declared, type, judge])
    })
  }

  test('is the same whatever was asked before', () => {
    for (const before of ROWS) {
      for (const row of ROWS) {
        ask(shared, before)
        assert.deepEqual(
          ask(shared, row),
          ask(answerReader(site, judges), row),
          `${before[0]}, then ${row[0]}`,
        )
      }
    }
  })
})
