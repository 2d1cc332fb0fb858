import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import type { KernelFilter } from '../openapi/kernel/response-kernel.ts'
import { MAX_WHOLE_BYTES } from '../openapi/kernel/response-kernel.ts'
import { filtersOf } from '../openapi/kernel/testing/filters.ts'
import { SIGN_ERROR, SIGN_SECRET } from '../openapi/kernel/verdict.ts'
import { HeaderTable } from '../http/header-table.ts'
import { AnswerPass } from './answer-pass.ts'
import { showsError } from './errors/error-members.ts'
import { redactValue } from './secrets/redact-json.ts'
import { mayHoldSecretPlainly } from './secrets/scan.ts'

const TEXT = { type: 'string' }
const SCHEMA = {
  type: 'object',
  properties: {
    id: TEXT,
    error: TEXT,
    list: { type: 'array', items: { type: 'object', properties: { stack: TEXT, name: TEXT } } },
    open: {},
  },
}
const filters = filtersOf(SCHEMA)

function signsOf(body: string): number | undefined {
  const verdict = filters.kernel(Buffer.from(body))
  return 'signs' in verdict ? verdict.signs : undefined
}

/** Put together here, so that no file of this repository looks as if it held one. */
const join = (...parts: readonly string[]): string => parts.join('')
const KEY = join('AKIA', 'IOSFODNN7EXAMPLE')
const FRAME = 'at handler (/app/x.js:10:5)'

const rows: [name: string, body: string, signs: number][] = [
  ['nothing in plain texts', '{"id":"an ordinary text of some length","open":{"a":[1]}}', 0],
  ['an error under a declared name', '{"error":"x"}', SIGN_ERROR],
  [
    'an error under a declared name of an item',
    '{"list":[{"name":"a"},{"stack":"x"}]}',
    SIGN_ERROR,
  ],
  ['an error under a name that goes', '{"id":"a","lastERROR":"x"}', SIGN_ERROR],
  ['an error under a name inside of what goes', '{"gone":{"more":[{"Trace":1}]}}', SIGN_ERROR],
  ['an error under an escaped name inside of what goes', '{"gone":{"\\u0065rr":1}}', SIGN_ERROR],
  ['an error under a name where all is open', '{"open":{"cause":1}}', SIGN_ERROR],
  ['nothing in a name that only begins like one', '{"open":{"erratic":1,"messages":2}}', 0],
  ['nothing in the text of an error', '{"id":"error: stack trace"}', 0],
  ['a secret in a text', `{"id":"${KEY}"}`, SIGN_SECRET],
  ['a secret in an item that stays', `{"open":["a","${KEY}"]}`, SIGN_SECRET],
  ['nothing in a text that goes', `{"id":"a","gone":"${KEY}"}`, 0],
  ['nothing in a text inside of what goes', `{"gone":[{"a":"${KEY}"}],"id":"a"}`, 0],
  ['nothing where a number follows a text', '{"id":"sixteen letters!","open":4111111111111111}', 0],
  ['nothing in dates', '{"id":"2026-11-22T03:00:00Z","open":"2026-11-22T03:00:00.123Z"}', 0],
  ['both', `{"gone":{"debug":1},"id":"${KEY}"}`, SIGN_ERROR | SIGN_SECRET],
]

const NAMES =
  'id error list stack open name Errors err errs SQLState MESSAGE detail body isDefault rootCause xexceptionx'
const name = fc.constantFrom(...NAMES.split(' '), 'a-name-with-more-than-16-error')
const text = fc.oneof(
  fc.constantFrom(FRAME, KEY, 'redis://:a@b', 'ftp://:a@b', join('4111 1111 ', '1111 1111')),
  fc.constantFrom('SQLSTATE[42000]', join('DE89', '370400440532013000'), 'a \\ b', 'é'.repeat(9)),
  fc.string({ maxLength: 20 }),
  fc.tuple(fc.string({ maxLength: 18 }), fc.constant(KEY)).map(([a, b]) => `${a} ${b}`),
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    text,
    fc.integer(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))

suite('what the filter of answers sees on its way', () => {
  for (const [what, body, signs] of rows) test(what, () => assert.equal(signsOf(body), signs))

  test('never misses an error nor a secret, and suspects no more than a look at the text', () => {
    const counts = { error: 0, secret: 0, quiet: 0 }
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2), (whole, indent) => {
        const bytes = Buffer.from(JSON.stringify(whole, undefined, indent))
        const verdict = filters.kernel(bytes)
        if (!('signs' in verdict)) return
        const isError = showsError(bytes)
        if (isError) assert.ok(verdict.signs & SIGN_ERROR)
        const left = verdict.kind === 'clean' ? bytes : verdict.bytes
        const kept: unknown = JSON.parse(left.toString())
        const redacted = redactValue(kept, undefined, { isHandedOut: () => false })
        const isSecret = redacted.value !== kept
        if (isSecret) assert.ok(verdict.signs & SIGN_SECRET)
        if ((verdict.signs & SIGN_SECRET) !== 0) assert.ok(mayHoldSecretPlainly(left))
        counts.error += Number(isError)
        counts.secret += Number(isSecret)
        counts.quiet += Number(verdict.signs === 0)
      }),
      { numRuns: 3000 },
    )
    for (const count of Object.values(counts)) assert.ok(count > 50, JSON.stringify(counts))
  })
})

suite('the pass over an answer', () => {
  const response = { status: 200, headers: new HeaderTable([]) }
  const counted = (): { pass: AnswerPass; kernel: KernelFilter; runs: () => number } => {
    let runs = 0
    const kernel: KernelFilter = {
      run: (body) => {
        runs += 1
        return filters.kernel(body)
      },
    }
    return { pass: new AnswerPass(() => kernel), kernel, runs: () => runs }
  }

  test('is made once for those who ask one after another', () => {
    const { pass, kernel, runs } = counted()
    const body = Buffer.from('{"id":"a","error":"b","c":1}')
    assert.equal(pass.signsOf(response, body), SIGN_ERROR)
    assert.deepEqual(pass.verdictOf(body, kernel), filters.kernel(body))
    assert.equal(runs(), 1)
  })

  test('is made again for other bytes, after its verdict was taken, and when it was forgotten', () => {
    const { pass, kernel, runs } = counted()
    const [one, other] = [Buffer.from('{"id":"a"}'), Buffer.from('{"id":"a"}')]
    pass.signsOf(response, one)
    void pass.verdictOf(other, kernel)
    assert.equal(runs(), 2)
    void pass.verdictOf(one, kernel)
    assert.equal(runs(), 3)
    pass.signsOf(response, one)
    pass.forget()
    void pass.verdictOf(one, kernel)
    assert.equal(runs(), 5)
  })

  const unknown: [name: string, body: Buffer][] = [
    ['is not known for no text', Buffer.alloc(0)],
    ['is not known for a text with a mark', Buffer.from('\uFEFF{"id":"a"}')],
    ['is not known for what is no JSON', Buffer.from('{"id"')],
    ['is not known for a large text', Buffer.from(`"${'a'.repeat(MAX_WHOLE_BYTES)}"`)],
  ]
  for (const [what, body] of unknown)
    test(what, () => assert.equal(counted().pass.signsOf(response, body), undefined))

  test('is not known where the filter makes values', () => {
    assert.equal(new AnswerPass(() => undefined).signsOf(response, Buffer.from('{}')), undefined)
  })
})
