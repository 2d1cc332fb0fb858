import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Bench } from '../src/controls/testing/bench.ts'
import type { Site } from '../src/pipeline/site.ts'
import { answerProposals } from './check-answers.ts'

const parameters = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }]
const NOTE = { $ref: '#/components/schemas/Note' }
const shown = { 200: { description: 'ok', content: { 'application/json': { schema: NOTE } } } }
const empty = (status: string): object => ({ [status]: { description: 'ok' } })

function sitesOf(paths: object, authorize: object = {}): readonly Site[] {
  const bench = new Bench({
    document: {
      openapi: '3.1.0',
      info: { title: 'Notes', version: '1' },
      paths,
      components: { schemas: { Note: { properties: { user: { type: 'string' } } } } },
    },
  })
  return bench.sites.map((site) => ({
    ...site,
    policy: { ...site.policy, authorize: { ...site.policy.authorize, ...authorize } },
  }))
}

suite('answers that nobody described', () => {
  const rows: [name: string, operation: object, isNamed: boolean, authorize?: object][] = [
    ['a list without content is named', { get: { responses: empty('200') } }, true],
    ['so is a default without content', { get: { responses: empty('default') } }, true],
    ['one with a schema is not', { get: { responses: shown } }, false],
    ['nor one that says it is empty', { get: { responses: empty('204') } }, false],
    ['nor a redirect', { get: { responses: { ...empty('302'), ...empty('200') } } }, false],
    [
      'a log-in without content is named, for its token',
      { post: { operationId: 'login', security: [], responses: empty('200') } },
      true,
    ],
    ['nor a change', { post: { responses: empty('200') } }, false],
    [
      'nor what nobody may call',
      { get: { operationId: 'closed', responses: empty('200') } },
      false,
      { operations: new Map([['closed', 'false']]) },
    ],
  ]
  for (const [name, operation, isNamed, authorize] of rows)
    test(name, () => {
      const found = answerProposals(sitesOf({ '/notes': operation }, authorize))
      assert.deepEqual(
        found.map((line) => line.split(',')[0]),
        isNamed
          ? [`an Overlay with the answers of ${'get' in operation ? 'GET' : 'POST'} /notes`]
          : [],
      )
    })

  test('many are counted', () => {
    const get = { responses: empty('200') }
    const [line = ''] = answerProposals(
      sitesOf({ '/a': { get }, '/b': { get }, '/c': { get }, '/d': { get }, '/e': { get } }),
    )
    assert.match(line, /answers of GET \/a, GET \/b, GET \/c and 2 more,/)
  })
})

suite('objects that more people see than may change', () => {
  const paths = {
    '/notes/{id}': {
      parameters,
      get: { operationId: 'getNote', responses: shown },
      put: { operationId: 'putNote', responses: shown },
      delete: { operationId: 'deleteNote', responses: empty('200') },
    },
  }
  const rule = 'response.user == subject.id || response.type == "public"'
  const proposed = (schema: string, operations: readonly (readonly [string, string])[] = []) =>
    answerProposals(
      sitesOf(paths, { schemas: new Map([['Note', schema]]), operations: new Map(operations) }),
    )

  test('a rule with several grounds wants a word for each change', () => {
    assert.deepEqual(proposed(rule), [
      'authorize: { operations: { "putNote": "response.user == subject.id", "deleteNote": "response.user == subject.id" } } ' +
        'if not everybody who may see such an object may change it',
    ])
  })

  test('one that has its word is not asked for', () => {
    const [line = ''] = proposed(rule, [['putNote', 'response.user == subject.id']])
    assert.match(line, /operations: \{ "deleteNote": "[^"]*" \} \}/)
  })

  test('a rule with one ground holds for both', () => {
    assert.deepEqual(proposed('response.user == subject.id'), [])
  })
})
