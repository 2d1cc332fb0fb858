import { fields } from '../../src/controls/fields/control.ts'
import { objects } from '../../src/controls/objects/control.ts'
import { responses } from '../../src/controls/responses/control.ts'
import { HeaderTable } from '../../src/http/header-table.ts'
import { isPromise } from '../../src/base/maybe-promise.ts'
import { Bench } from '../../src/controls/testing/bench.ts'
import { exchangeOf } from '../../src/controls/testing/exchange.ts'
import type { PolicyParts } from '../../src/controls/testing/policy.ts'
import { ANONYMOUS } from '../../src/identity/principal.ts'
import type { Exchange } from '../../src/pipeline/exchange.ts'
import type { FieldAction } from '../../src/pipeline/field-access.ts'

/** One control on an answer, again and again. */
export type AnswerRun = () => unknown

/** About 300 bytes. */
const USER = Buffer.from(
  JSON.stringify({
    id: 7,
    ownerId: 'ann',
    name: 'A person with a name of the usual length',
    status: 'active',
    card: '4111111111111111',
    salary: 61_200.5,
    tags: ['blue', 'small', 'sale'],
    address: { street: '1 Harbor Road', city: 'Rotterdam', zip: '3011 AA' },
    note: 'rings the bell twice',
    updatedAt: '2026-11-22T03:00:00Z',
  }),
)
const text = { type: 'string' }
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    schemas: {
      User: {
        type: 'object',
        properties: {
          id: { type: 'integer' },
          ownerId: text,
          name: text,
          status: text,
          card: text,
          salary: { type: 'number' },
          tags: { type: 'array', items: text },
          address: { type: 'object', properties: { street: text, city: text, zip: text } },
          note: text,
          updatedAt: text,
        },
      },
    },
  },
  paths: {
    '/users/{userId}': {
      parameters: [{ name: 'userId', in: 'path', required: true, schema: text }],
      get: {
        operationId: 'getUser',
        responses: {
          200: {
            description: 'ok',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/User' } } },
          },
        },
      },
    },
  },
}

function exchange(roles: readonly string[]): Exchange {
  const made = exchangeOf({
    principal: { ...ANONYMOUS, kind: 'jwt', id: 'i|ann', subject: 'ann', roles },
  })
  made.upstream = {
    status: 200,
    headers: new HeaderTable(['Content-Type', 'application/json', 'Content-Length', '300']),
  }
  return made
}

const shown = (others: FieldAction): NonNullable<PolicyParts['authorize']> => ({
  fields: new Map([
    ['User.salary', { read: { roles: new Map([['hr', { kind: 'pass' }]]), others } }],
  ]),
})
const masked: NonNullable<PolicyParts['authorize']> = {
  fields: new Map([
    ['User.card', { read: { roles: new Map(), others: { kind: 'last', chars: 4 } } }],
  ]),
}
const OWNED = { schemas: new Map([['User', 'response.ownerId == subject.id']]) }

function run(
  control: typeof fields | typeof objects | typeof responses,
  policy: PolicyParts,
  roles: readonly string[],
): AnswerRun {
  const { guard } = new Bench({ document: DOCUMENT, policy }).guard(
    control as typeof fields,
    'getUser',
  )
  const one = exchange(roles)
  const { upstream } = one
  if (guard === undefined || upstream === undefined) throw new Error('nothing to measure')
  return () => {
    // Bytes of their own, as they come from the API.
    const body = Buffer.from(USER)
    if (guard.onResponse?.(one, upstream) !== undefined) throw new Error('refused')
    if (guard.wantsResponseBody?.(one, upstream) !== true) return undefined
    const denial = guard.onResponseBody?.(one, body)
    if (isPromise(denial)) throw new Error('went to wait')
    return denial
  }
}

function changes(run: AnswerRun): AnswerRun {
  const denial = run() as { readonly repair?: unknown } | undefined
  if (denial?.repair === undefined) throw new Error('the field must be changed')
  return run
}

/** Rules about an answer of 300 bytes: name, and what one call does. */
export function answerRows(): readonly (readonly [name: string, run: AnswerRun])[] {
  const drop = { authorize: shown({ kind: 'drop' }) }
  return [
    ['answer: nothing but its copy', () => Buffer.from(USER)],
    ['answer: declared fields only', run(responses, {}, ['agent'])],
    ['answer: a field for others, shown', run(fields, drop, ['hr'])],
    ['answer: a field left out', changes(run(fields, drop, ['agent']))],
    ['answer: a field masked', changes(run(fields, { authorize: masked }, ['agent']))],
    [
      'answer: one left out, one masked',
      changes(
        run(
          fields,
          {
            authorize: {
              fields: new Map([
                ...(shown({ kind: 'drop' }).fields ?? []),
                ...(masked.fields ?? []),
              ]),
            },
          },
          ['agent'],
        ),
      ),
    ],
    ['answer: whose it is', run(objects, { authorize: OWNED }, ['agent'])],
  ]
}
