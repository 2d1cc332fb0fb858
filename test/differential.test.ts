import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomOfCase } from './fuzz/random.ts'
import { hostileRequest } from './fuzz/requests.ts'
import { outcomeOf, sayAll, startTwin, stopTwin } from './fuzz/twins.ts'
import type { Outcome, Twin } from './fuzz/twins.ts'
import { libraryDocument } from './library/behind-gateway.ts'

// FUZZ_SEED repeats a run, FUZZ_RUNS makes it longer: FUZZ_RUNS=500000 node --test test/differential.test.ts
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 1500)
const AT_ONCE = 48
const SHOWN = 10

const config = (upstream: string): string =>
  `openapi: ./openapi.yaml\nupstream: { url: "${upstream}", timeout: 2s, breaker: off }\n` +
  'listen: { https: 8443, http: 8080, plain: serve, address: 127.0.0.1 }\n' +
  // Not the clock but the bytes shall decide.
  'limits: { ip: off, principal: off, failures: off, errors: off, operations: off, overload: off }'

/** How a message that cannot be read, or that nobody may send, is refused. */
const REFUSED_MESSAGE = /^(?:400 malformed_message|408|413|431|505)/
const withoutClose = (answer: string): string => answer.replace(/ close$/, '')

/** Whether two answers are the same; one to HEAD does not show of which class a refusal is. */
function isAlike(a: string, b: string): boolean {
  const [short = '', long = ''] = [a, b].map(withoutClose).toSorted((x, y) => x.length - y.length)
  return long === short || (short.length === 3 && long.startsWith(`${short} `))
}

const MALFORMED = '400 malformed_message close'

function isSameButClass(node: Outcome, fast: Outcome): boolean {
  const isEvery = node.answers.every((answer, index) => isAlike(answer, fast.answers[index] ?? ''))
  const isSameLength = node.answers.length === fast.answers.length
  return isEvery && isSameLength && node.taken.join() === fast.taken.join()
}

/** A body that never ends: node:http says so when the client has nothing more to say, `fast` only closes. */
function isCutBody(node: Outcome, fast: Outcome): boolean {
  return node.answers.join() === [...fast.answers, MALFORMED].join()
}

/**
 * Where the two may differ, and why: node:http reads ahead. When it finds bytes that are no HTTP, or any bytes behind
 * a request that was to be the last, it says so at once, and what it was still working on ends without an answer. It
 * also ends a connection after refusing a chunked body that it has not read, where `fast` knows that the body is all
 * there. In both cases it answers less, and never anything else.
 */
function isReadAhead(node: Outcome, fast: Outcome): boolean {
  const [short, long] = [node.answers.map(withoutClose), fast.answers.map(withoutClose)]
  let same = 0
  while (same < short.length && short[same] === long[same]) same++
  const rest = short.slice(same)
  const [lastOfFast = ''] = fast.answers.slice(-1)
  const isFaultBehind = REFUSED_MESSAGE.test(lastOfFast) || lastOfFast.endsWith(' close')
  const endedBy = node.answers[same - 1] ?? ''
  const isEndAfterRefusal = endedBy.endsWith(' close') && Number(endedBy.slice(0, 3)) >= 400
  const answersLess =
    rest.length === 0
      ? isFaultBehind || isEndAfterRefusal
      : rest.length === 1 && REFUSED_MESSAGE.test(rest[0] ?? '') && isFaultBehind
  return answersLess && node.taken.every((taken, index) => taken === fast.taken[index])
}

suite(`two transports, the same bytes, FUZZ_SEED=${SEED}`, () => {
  let twins: readonly [node: Twin, fast: Twin]
  /** Stands for the key, which each gateway has its own of. */
  let stand = ''
  let keys: readonly string[] = []

  before(async () => {
    const document = libraryDocument()
    twins = [await startTwin('node', config, document), await startTwin('fast', config, document)]
    keys = await Promise.all(twins.map(async ({ gateway }) => (await gateway.createKey()).key))
    stand = '~'.repeat(keys[0]?.length ?? 0)
  })
  after(() => Promise.all(twins.map(stopTwin)))

  const differences: string[] = []
  let answered = 0
  let passed = 0
  let readAhead = 0
  let cutBodies = 0

  /** What each of the two says. */
  async function both(bytes: string, cut: number): Promise<readonly [Outcome, Outcome]> {
    const [node, fast] = await Promise.all(
      twins.map(async ({ gateway, taken }, twin) => {
        const own = bytes.replaceAll(stand, keys[twin] ?? '')
        const outcome = outcomeOf(await sayAll(gateway.httpPort, piecesOf(own, cut)), taken)
        return withoutKey(outcome, keys[twin] ?? '', stand)
      }),
    )
    assert.ok(node !== undefined && fast !== undefined)
    return [node, fast]
  }

  /** Counts what is the same or explained. @returns what is neither. */
  function judge(node: Outcome, fast: Outcome): string | undefined {
    if (JSON.stringify(node) === JSON.stringify(fast)) return undefined
    if (isSameButClass(node, fast)) return undefined
    if (isReadAhead(node, fast)) readAhead += 1
    else if (isCutBody(node, fast)) cutBodies += 1
    else return `  node ${JSON.stringify(node)}\n  fast ${JSON.stringify(fast)}`
    return undefined
  }

  async function one(i: number): Promise<void> {
    const random = randomOfCase(SEED, i)
    const bytes = hostileRequest(random, stand)
    const cut = random.oneIn(3) ? random.below(bytes.length + 1) : bytes.length
    let difference: string | undefined
    // On a machine that is too busy to answer in time, the client gives up: what is a difference is one every time.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const [node, fast] = await both(bytes, cut)
      difference = judge(node, fast)
      if (difference !== undefined) {
        await sleep(1_000 * attempt)
        continue
      }
      answered += node.answers.length
      passed += node.taken.length
      return
    }
    differences.push(`case ${i}: ${JSON.stringify(bytes.slice(0, 1500))}\n${difference}`)
  }

  test(`${RUNS} messages are answered and passed on alike`, async (t) => {
    t.diagnostic(`FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS}`)
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < RUNS && differences.length < SHOWN) await one(next++)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    assert.equal(
      differences.length,
      0,
      `FUZZ_SEED=${SEED}\n${differences.slice(0, SHOWN).join('\n')}`,
    )
    for (const { upstream } of twins) assert.deepEqual(upstream.faults, [])
    t.diagnostic(`${readAhead} read ahead, ${cutBodies} cut bodies`)
    assert.ok(answered > RUNS / 2, `only ${answered} answers`)
    assert.ok(passed > RUNS / 30, `only ${passed} requests reached the upstream`)
  })
})

/** In a field that is none of a credential, the key is a value like any other, and goes on to the API. */
function withoutKey(outcome: Outcome, key: string, stand: string): Outcome {
  return { ...outcome, taken: outcome.taken.map((request) => request.replaceAll(key, stand)) }
}

/** The bytes whole, or cut somewhere: where a piece ends must mean nothing. */
function piecesOf(bytes: string, cut: number): readonly Buffer[] {
  const whole = Buffer.from(bytes, 'latin1')
  return cut >= whole.length ? [whole] : [whole.subarray(0, cut), whole.subarray(cut)]
}
