import { startCluster } from './cluster.ts'
import { FAULTS, measureExactness, newCaller, observeFault } from './judge.ts'
import type { Exactness, FaultReport } from './judge.ts'
import { pause } from '../kit/until.ts'

// The long form of cluster.test.ts: node test/cluster/run.ts [SECONDS] [PER_SECOND] [exactness | faults]

const seconds = Number(process.argv[2] ?? 60)
const perSecond = Number(process.argv[3] ?? 2000)
const RATE = 400
const only = process.argv[4]
/** Used up in half of the time. */
const QUOTA = Math.floor((seconds * perSecond) / 2)
const LIMIT = 90

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function line(cells: readonly (string | number)[]): void {
  say(`| ${cells.join(' | ')} |`)
}

function print({ name, atLeast, atMost, allowed, forwarded, load }: Exactness): void {
  const over = percent(allowed, atMost)
  const under = percent(allowed, atLeast)
  const asked = [...load.statuses.values()].reduce((sum, count) => sum + count, 0)
  const broken = load.statuses.get(0) ?? 0
  line([
    name,
    asked,
    Math.round(atLeast),
    Math.round(atMost),
    allowed,
    forwarded,
    `${under.toFixed(2)} %`,
    `${over.toFixed(2)} %`,
    broken,
    load.p99Ms.toFixed(1),
    load.slowestMs.toFixed(0),
  ])
  // What broke off may have been counted and forwarded without an answer.
  const isExact = under >= -1 && over <= 1
  if (!isExact || forwarded - allowed > broken || allowed > forwarded) process.exitCode = 1
}

function percent(found: number, wanted: number): number {
  return ((found - wanted) / wanted) * 100
}

function printFault(report: FaultReport): void {
  const { name, toldMs, backMs, loggedBy, before, meanwhile, after, across } = report
  const statuses = [...across.statuses].map(([status, count]) => `${count} x ${status}`).join(', ')
  const ms = (value: number | undefined): string => value?.toFixed(0) ?? 'never'
  line([
    name,
    ms(toldMs),
    loggedBy,
    before,
    meanwhile.join(' + '),
    ms(backMs),
    after,
    statuses,
    across.p99Ms.toFixed(0),
    across.slowestMs.toFixed(0),
  ])
}

async function exactness(): Promise<void> {
  const cluster = await startCluster({
    nodes: 3,
    workers: 4,
    limits: `  operations: { bucket: "${RATE}/s burst ${RATE} by ip", quota: "quota ${QUOTA}/day by ip" }`,
  })
  try {
    await pause(1500)
    say(`3 nodes x 4 workers, ${seconds} s each, ${perSecond} requests/s offered\n`)
    line([
      'limit',
      'asked',
      'at least',
      'at most',
      'allowed',
      'at the API',
      'to the least',
      'to the most',
      'broken',
      'p99 ms',
      'slowest ms',
    ])
    line(Array(11).fill('---'))
    const common = { seconds, perSecond }
    const bucket = { ...common, path: '/bucket', burst: RATE, refill: RATE } as const
    const quota = { ...common, path: '/quota', burst: QUOTA, refill: 0 } as const
    print(await measureExactness(cluster, { ...bucket, from: newCaller() }))
    print(await measureExactness(cluster, { ...quota, from: newCaller() }))
    const killed = await measureExactness(cluster, {
      ...bucket,
      from: newCaller(),
      meanwhile: async () => cluster.nodes[0]?.killServing(),
    })
    print({ ...killed, name: 'bucket, a node killed' })
  } finally {
    await cluster.close()
  }
}

async function faults(whenAway: 'local' | 'open' | 'closed'): Promise<void> {
  const cluster = await startCluster({
    nodes: 3,
    workers: 4,
    limits: `  whenStoreFails: ${whenAway}\n  operations: { bucket: "${LIMIT}/day burst ${LIMIT} by ip" }`,
  })
  try {
    await pause(1500)
    say(`\nRedis away, whenStoreFails: ${whenAway}; a limit of ${LIMIT}\n`)
    line([
      'Redis is',
      'told after ms',
      'logged by',
      'passed before',
      'passed at each node meanwhile',
      'back after ms',
      'passed after',
      'a load across it',
      'p99 ms',
      'slowest ms',
    ])
    line(Array(10).fill('---'))
    for (const fault of FAULTS) printFault(await observeFault(cluster, fault, LIMIT))
  } finally {
    await cluster.close()
  }
}

if (only !== 'faults') await exactness()
if (only !== 'exactness') for (const way of ['local', 'closed', 'open'] as const) await faults(way)
