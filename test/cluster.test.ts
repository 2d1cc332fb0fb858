import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { redisMissing } from '../src/store/testing/start-redis.ts'
import type { Cluster } from './cluster/cluster.ts'
import { startCluster } from './cluster/cluster.ts'
import type { Exactness } from './cluster/judge.ts'
import { FAULTS, measureExactness, newCaller, observeFault } from './cluster/judge.ts'
import { pause, until } from './kit/until.ts'

// The short form of the cluster; the long one prints its numbers: node test/cluster/run.ts [SECONDS] [PER_SECOND]
// CLUSTER_SECONDS=60 CLUSTER_NODES=3 CLUSTER_WORKERS=4 node --test test/cluster.test.ts
const SECONDS = Number(process.env['CLUSTER_SECONDS'] ?? 3)
const NODES = Number(process.env['CLUSTER_NODES'] ?? 3)
const WORKERS = Number(process.env['CLUSTER_WORKERS'] ?? 2)
const QUOTA = 600
/** All nodes have a whole part of it. */
const LIMIT = 30 * NODES
/** Of a request while Redis is away: what a call may take, and what a busy machine adds. */
const DEADLINE_MS = 2500

suite('nodes that count together', { skip: redisMissing() ?? false, timeout: 170_000 }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await startCluster({
      nodes: NODES,
      workers: WORKERS,
      limits: `  operations: { bucket: "${LIMIT}/day burst ${LIMIT} by ip", quota: "quota ${QUOTA}/day by ip" }`,
    })
    // Nodes know each other once each has told of itself.
    await pause(1500)
  })
  after(() => cluster.close())

  const timesAway = (): number =>
    cluster.nodes
      .flatMap((node) => node.log())
      .filter((line) => line['event.action'] === 'sp_dependency_down').length

  /** Once more where this machine was so busy that Redis did not answer in time: then each node counted for itself. */
  async function measured(tries = 3): Promise<Exactness> {
    const before = timesAway()
    const found = await measureExactness(cluster, {
      path: '/quota',
      from: newCaller(),
      seconds: SECONDS,
      perSecond: 600,
      burst: QUOTA,
      refill: 0,
    })
    return tries > 1 && timesAway() > before ? measured(tries - 1) : found
  }

  test('a quota is let through to the last unit, and nothing is lost on the way', async () => {
    const found = await measured()
    assert.equal(found.allowed, QUOTA)
    assert.equal(found.forwarded, QUOTA)
    assert.deepEqual(
      [...found.load.statuses.keys()].toSorted((a, b) => a - b),
      [204, 429],
    )
  })

  test('a node that is killed takes nothing with it', async () => {
    const found = await measureExactness(cluster, {
      path: '/quota',
      from: newCaller(),
      seconds: SECONDS,
      perSecond: 450,
      burst: QUOTA,
      refill: 0,
      meanwhile: async () => cluster.nodes[0]?.killServing(),
    })
    const broken = found.load.statuses.get(0) ?? 0
    assert.ok(found.forwarded <= QUOTA, `${found.forwarded} reached the API`)
    assert.ok(found.allowed + broken >= QUOTA, `${found.allowed} passed, ${broken} broke off`)
    const serves = (): Promise<boolean> =>
      cluster.nodes[0]?.metric('sallyport_dependency_up').then(
        (value) => value === 1,
        () => false,
      ) ?? Promise.resolve(false)
    assert.ok(await until(serves, 30_000), 'it is started again')
    // The process that was killed counts as a node for five seconds more.
    await pause(6500)
  })

  // A partition without a sign is like a stop, and a slow line like a partition: the long form shows all.
  const short = SECONDS > 10 ? FAULTS : FAULTS.filter((_, index) => index < 2)
  for (const fault of short)
    test(`Redis is ${fault.name}: each node lets its share through, then all count together again`, async () => {
      const report = await observeFault(cluster, fault, LIMIT)
      assert.equal(report.before, LIMIT)
      assert.ok(report.toldMs !== undefined, 'sallyport_dependency_up is 0')
      assert.equal(report.loggedBy, NODES)
      assert.deepEqual(report.meanwhile, Array(NODES).fill(LIMIT / NODES))
      assert.ok(report.backMs !== undefined, 'sallyport_dependency_up is 1')
      assert.equal(report.after, LIMIT)
      assert.ok(report.across.slowestMs < DEADLINE_MS, `${report.across.slowestMs} ms`)
      assert.ok(!report.across.statuses.has(503))
    })
})
