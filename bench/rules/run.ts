// npm run bench -- rules [--rounds 200] [--rules 10000]: what rules about who may call what cost. See README.md
import { Environment } from '@marcbachmann/cel-js'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { access } from '../../src/controls/access/control.ts'
import { conditions } from '../../src/controls/conditions/control.ts'
import { Bench } from '../../src/controls/testing/bench.ts'
import { exchangeOf } from '../../src/controls/testing/exchange.ts'
import type { PolicyParts } from '../../src/controls/testing/policy.ts'
import { ANONYMOUS } from '../../src/identity/principal.ts'
import type { Exchange } from '../../src/pipeline/exchange.ts'
import { median, printTable } from '../machine/statistics.ts'
import { answerRows } from './answers.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    rules: { type: 'string', default: '10000' },
  },
})
const CALLS = 20_000
const few = 10
const many = Number(options.rules)

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: { securitySchemes: { id: { type: 'http', scheme: 'bearer' } } },
  paths: {
    '/users/{userId}': {
      parameters: [{ name: 'userId', in: 'path', required: true, schema: { type: 'string' } }],
      get: {
        operationId: 'getUser',
        security: [{ id: ['users:read'] }],
        responses: { 200: { description: 'ok' } },
      },
    },
  },
}

function exchange(): Exchange {
  const principal = {
    ...ANONYMOUS,
    kind: 'jwt' as const,
    id: 'i|ann',
    subject: 'ann',
    roles: ['reader', 'agent'],
    scopes: new Set(['users:read']),
  }
  const made = exchangeOf({ principal })
  made.clientAddress = '10.1.2.3'
  made.parameters = {
    path: { userId: 'ann' },
    query: {},
    header: {},
    cookie: {},
  }
  return made
}

/** As many roles, of which the last lets the caller in. */
function roles(count: number): PolicyParts {
  const others = Array.from({ length: count - 1 }, (_, i): [string, string[]] => [
    `role${i}`,
    [`op:other${i}`, `other${i}:*`],
  ])
  return { authorize: { roles: new Map([...others, ['agent', ['users:*']]]) } }
}

function operation(text: string): PolicyParts {
  return { authorize: { operations: new Map([['getUser', text]]) } }
}

type Run = () => unknown

function guarded(control: typeof access | typeof conditions, policy: PolicyParts): Run {
  const bench = new Bench({ document: DOCUMENT, policy })
  const { guard } = bench.guard(control as typeof access, 'getUser')
  const one = exchange()
  const run = guard?.onRequest
  if (run === undefined || run(one) !== undefined) throw new Error('the caller must be let in')
  return () => run(one)
}

const OWN = 'path.userId == subject.id'
const MIXED =
  'path.userId == subject.id || "agent" in subject.roles && network.ip in ["10.0.0.0/8"]'

/** What the same costs when all of it runs in the interpreter, on a context that is there already. */
function interpreted(text: string): Run {
  const environment = new Environment({ unlistedVariablesAreDyn: true })
  const run = environment.parse(text)
  const { principal, parameters } = exchange()
  const context = {
    path: parameters?.path,
    subject: { id: principal.subject, roles: principal.roles },
  }
  if (run(context) !== true) throw new Error('the condition must hold')
  return () => run(context) as unknown
}

const rows: readonly { readonly name: string; readonly run: Run; readonly ns: number[] }[] = [
  { name: 'no rule', run: guarded(access, {}), ns: [] },
  { name: `${few} roles`, run: guarded(access, roles(few)), ns: [] },
  { name: `${many} roles`, run: guarded(access, roles(many)), ns: [] },
  { name: OWN, run: guarded(conditions, operation(OWN)), ns: [] },
  { name: MIXED, run: guarded(conditions, operation(MIXED)), ns: [] },
  {
    name: 'the hour of day',
    run: guarded(access, operation('now.getHours("Europe/Berlin") >= 0')),
    ns: [],
  },
  { name: `interpreted: ${OWN}`, run: interpreted(OWN), ns: [] },
  ...answerRows().map(([name, run]) => ({ name, run, ns: [] })),
]

for (let round = 0; round < Number(options.rounds); round++) {
  for (const { name, run, ns } of rows) {
    const calls = /hour|^answer/.test(name) ? CALLS / 10 : CALLS
    const started = process.hrtime.bigint()
    for (let i = 0; i < calls; i++) run()
    ns.push(Number(process.hrtime.bigint() - started) / calls)
  }
}
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}\n`)
printTable(
  ['rule', 'best ns', 'median ns'],
  rows.map(({ name, ns }) => [
    name.replaceAll('|', '\\|'),
    Math.min(...ns).toFixed(1),
    median(ns).toFixed(1),
  ]),
)
const best = (name: string): number =>
  Math.min(...(rows.find((row) => row.name === name)?.ns ?? []))
console.log(
  `\n${many} roles cost ${(best(`${many} roles`) / best(`${few} roles`)).toFixed(3)} times what ${few} cost`,
)
