import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { redisMissing } from '../src/store/testing/start-redis.ts'
import type { Cluster } from './cluster/cluster.ts'
import { startCluster } from './cluster/cluster.ts'
import { FAULTS, newCaller } from './cluster/judge.ts'
import { ClusterLoad } from './cluster/load.ts'
import { until } from './kit/until.ts'

const UP = 'sallyport_dependency_up{dependency="counters"}'

// CONTROLS 3.3, first row, strict: Redis is really killed and stopped, under load.
suite('operations of high sensitivity', { skip: redisMissing() ?? false, timeout: 120_000 }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await startCluster({
      nodes: 2,
      workers: 2,
      limits: '  whenStoreFails: strict\n  operations: { bucket: "10000/s burst 10000 by ip" }',
    })
  })
  after(() => cluster.close())

  const allSay = (value: number): Promise<boolean> =>
    until(async () => {
      const found = await Promise.all(cluster.nodes.map((node) => node.metric(UP)))
      return found.every((one) => one === value)
    }, 15_000)
  const load = (path: string): ClusterLoad =>
    new ClusterLoad({
      ports: cluster.ports,
      connections: 4,
      perSecond: 200,
      path,
      from: newCaller(),
    })
  /** Statuses of some answers from now on. */
  const statuses = async (path: string): Promise<number[]> => {
    const asked = load(path)
    await until(() => [200, 204, 429, 503].reduce((sum, one) => sum + asked.count(one), 0) > 60)
    return [...(await asked.stop()).statuses.keys()]
  }
  const lines = (name: string): number[] =>
    cluster.nodes.map((node) => node.log().filter((line) => line['event.action'] === name).length)

  for (const fault of FAULTS.slice(0, 2))
    test(`are closed while Redis is ${fault.name}, and nothing else is`, async () => {
      assert.ok(await allSay(1))
      assert.deepEqual(await statuses('/high'), [204])
      const before = lines('sp_dependency_down')
      const across = [load('/bucket'), load('/high')]
      await fault.make(cluster)
      assert.ok(await allSay(0))
      // Every thread has found out by itself once it was asked.
      await until(async () => (await statuses('/high')).join() === '503', 15_000)
      assert.deepEqual(await statuses('/high'), [503])
      assert.deepEqual(await statuses('/bucket'), [204])
      // Two threads and the main one of each node miss it: that is one line.
      const told = lines('sp_dependency_down').map((count, node) => count - (before[node] ?? 0))
      assert.deepEqual(told, [1, 1])
      await fault.mend(cluster)
      assert.ok(await allSay(1))
      assert.deepEqual(await statuses('/high'), [204])
      assert.deepEqual(lines('sp_dependency_up'), lines('sp_dependency_down'))
      const [others, high] = await Promise.all(across.map((one) => one.stop()))
      assert.deepEqual([...(others?.statuses.keys() ?? [])], [204])
      assert.deepEqual(
        [...(high?.statuses.keys() ?? [])].toSorted((a, b) => a - b),
        [204, 503],
      )
    })
})
