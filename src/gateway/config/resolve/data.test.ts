import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Settings } from '../settings.ts'
import { faultsOf, settingsOf } from '../config-fixture.ts'

const data = async (t: TestContext, text: string): Promise<Settings['blocks']['data']> =>
  (await settingsOf(t, `data: ${text}\n`)).blocks.data

suite('data', () => {
  test('what is masked, for classes and for several of them', async (t) => {
    const { classes } = await data(t, '{ mask: [pii, payment] }')
    assert.deepEqual([...classes.keys()], ['personal', 'sensitive', 'payment'])
    assert.deepEqual(classes.get('personal'), { roles: new Map(), others: { kind: 'mask' } })
  })

  test('what is written for a class comes before the list', async (t) => {
    const { classes } = await data(
      t,
      '{ mask: [pii], classes: { personal: { hr: pass, others: last4 }, secret: drop } }',
    )
    assert.deepEqual(classes.get('personal'), {
      roles: new Map([['hr', { kind: 'pass' }]]),
      others: { kind: 'last', chars: 4 },
    })
    assert.deepEqual(classes.get('secret')?.others, { kind: 'drop' })
    assert.deepEqual(classes.get('sensitive')?.others, { kind: 'mask' })
  })

  test('tokens, in short and at length', async (t) => {
    const { tokenize } = await data(t, '{ tokenize: { User.ssn: fpe, User.iban: { open: [a] } } }')
    assert.deepEqual(Object.fromEntries(tokenize), {
      'User.ssn': { form: 'fpe', read: [], open: [] },
      'User.iban': { form: 'siv', read: [], open: ['a'] },
    })
  })

  const faults: [name: string, text: string, fault: RegExp][] = [
    ['a class that nobody knows', '{ mask: [privat] }', /no class of fields/],
    ['an action that nobody knows', '{ classes: { personal: blur } }', /nothing that can be done/],
    ['a form that nobody knows', '{ tokenize: { User.ssn: aes } }', /data\.tokenize/],
    ['sealed ids, which are to come', '{ seal: [Order.id] }', /not available yet/],
  ]
  for (const [name, text, fault] of faults)
    test(`refuses ${name}`, async (t) => {
      const faults = await faultsOf(
        t,
        `openapi: ./openapi.yaml
upstream: http://127.0.0.1:3000
data: ${text}
`,
      )
      assert.ok(
        faults.some(({ path, message }) => fault.test(`${path} ${message}`)),
        JSON.stringify(faults),
      )
    })
})

suite('authorize.fields', () => {
  const fields = async (
    t: TestContext,
    text: string,
  ): Promise<Settings['blocks']['authorize']['fields']> =>
    (await settingsOf(t, `authorize: { fields: ${text} }\n`)).blocks.authorize.fields

  test('who reads and who writes', async (t) => {
    const found = await fields(
      t,
      '{ Order.note: { read: [admin], write: [admin] }, User.card: { read: { others: last4 } } }',
    )
    assert.deepEqual(found.get('Order.note'), {
      read: { roles: new Map([['admin', { kind: 'pass' }]]), others: { kind: 'drop' } },
      write: ['admin'],
    })
    assert.deepEqual(found.get('User.card'), {
      read: { roles: new Map(), others: { kind: 'last', chars: 4 } },
    })
  })

  const faults: [name: string, text: string, fault: RegExp][] = [
    ['a name without a schema', '{ note: { read: [a] } }', /names no field/],
    ['a rule that says nothing', '{ Order.note: {} }', /neither who reads/],
    ['an owner that writes', '{ Order.note: { write: [owner] } }', /only in answers/],
    ['an action that nobody knows', '{ Order.note: { read: { a: show } } }', /nothing that can/],
  ]
  for (const [name, text, fault] of faults)
    test(`refuses ${name}`, async (t) => {
      const faults = await faultsOf(
        t,
        `openapi: ./openapi.yaml
upstream: http://127.0.0.1:3000
authorize: { fields: ${text} }
`,
      )
      assert.ok(
        faults.some(({ message }) => fault.test(message)),
        JSON.stringify(faults),
      )
    })
})
