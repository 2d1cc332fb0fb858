import { pause, until } from '../kit/until.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import { ClusterLoad } from './load.ts'
import type { LoadResult } from './load.ts'
import type { RelayMode } from './relay.ts'

/** What a load against one limit came to, beside what it should have. */
export interface Exactness {
  readonly name: string
  /** What the limit lets through in the time that it took. */
  readonly atMost: number
  /** The same from the first refusal on: before it, nobody asked for all that there was. */
  readonly atLeast: number
  readonly allowed: number
  /** Requests that reached the API: whatever was answered with 204, and what was lost on the way back. */
  readonly forwarded: number
  readonly load: LoadResult
}

/** One limit that all nodes share, under load. */
export interface ExactnessOptions {
  readonly path: '/bucket' | '/quota'
  readonly from: string
  readonly seconds: number
  readonly perSecond: number
  readonly burst: number
  /** How many come back per second. */
  readonly refill: number
  /** Is done once a third of the time is over. */
  readonly meanwhile?: () => Promise<unknown>
}

const CONNECTIONS = 16

/** Puts a load on all nodes and counts. */
export async function measureExactness(
  cluster: Cluster,
  options: ExactnessOptions,
): Promise<Exactness> {
  const { path, from, seconds, perSecond, burst, refill } = options
  const before = cluster.forwarded()
  const load = new ClusterLoad({
    ports: cluster.ports,
    connections: CONNECTIONS,
    perSecond,
    path,
    from,
  })
  await pause((seconds * 1000) / 3)
  await options.meanwhile?.()
  await pause((seconds * 2000) / 3)
  const result = await load.stop()
  return {
    name: path.slice(1),
    atMost: burst + refill * result.seconds,
    atLeast:
      result.full === undefined
        ? burst
        : result.full.allowed + refill * (result.askedSeconds - result.full.seconds),
    allowed: result.statuses.get(204) ?? 0,
    forwarded: cluster.forwarded() - before,
    load: result,
  }
}

/** What is done to Redis, and how it is mended. */
export interface Fault {
  readonly name: string
  readonly make: (cluster: Cluster) => Promise<void> | void
  readonly mend: (cluster: Cluster) => Promise<void> | void
}

const relayed = (name: string, mode: RelayMode): Fault => ({
  name,
  make: ({ relay }) => relay.set(mode),
  mend: ({ relay }) => relay.set({ kind: 'pass' }),
})

/** Each takes the counters away from every node. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'killed',
    make: ({ redis }) => redis.kill(),
    mend: ({ redis }) => redis.start(),
  },
  { name: 'stopped', make: ({ redis }) => redis.pause(), mend: ({ redis }) => redis.resume() },
  relayed('slow (300 ms each way)', { kind: 'slow', delayMs: 300 }),
  relayed('cut off, without a sign', { kind: 'drop' }),
  relayed('cut off, connections refused', { kind: 'cut' }),
]

/** What was seen of one fault. */
export interface FaultReport {
  readonly name: string
  /** Until the metrics of every node said so, in milliseconds; `undefined`: some never did. */
  readonly toldMs: number | undefined
  readonly backMs: number | undefined
  /** Nodes that logged the event. */
  readonly loggedBy: number
  /** Of one new caller: at all nodes before, at each node meanwhile, at all nodes after. */
  readonly before: number
  readonly meanwhile: readonly number[]
  readonly after: number
  /** Answers of callers that asked all the time, across the fault and back. */
  readonly across: LoadResult
}

let lastCaller = 0

/** An address of loopback that nobody used before. */
export function newCaller(): string {
  lastCaller += 1
  return `127.0.${1 + Math.floor(lastCaller / 200)}.${1 + (lastCaller % 200)}`
}

const UP = 'sallyport_dependency_up{dependency="counters"}'
const TOLD_MS = 15_000

/** Takes Redis away under load and brings it back. `limit`: what `/bucket` lets through at once. */
export async function observeFault(
  cluster: Cluster,
  fault: Fault,
  limit: number,
): Promise<FaultReport> {
  const { nodes, ports } = cluster
  const ask = (asked: readonly number[], from: string): Promise<number> =>
    askOften(asked, from, limit)
  const caller = newCaller()
  const together = (): Promise<number> => askTogether(nodes, () => ask(ports, newCaller()))
  const before = await together()
  const seen = nodes.map((node) => events(node, 'sp_dependency_down'))
  const common = { ports, connections: 4, perSecond: 150, path: '/bucket' }
  const background = new ClusterLoad({ ...common, from: newCaller() })
  await pause(300)
  const brokenAt = performance.now()
  await fault.make(cluster)
  const toldMs = (await untilAll(nodes, 0)) ? performance.now() - brokenAt : undefined
  await pause(SETTLE_MS)
  const meanwhile = await Promise.all(ports.map((port) => ask([port], caller)))
  const loggedBy = nodes.filter(
    (node, index) => events(node, 'sp_dependency_down') > (seen[index] ?? 0),
  ).length
  const mendedAt = performance.now()
  await fault.mend(cluster)
  const isBack = (await untilAll(nodes, 1)) && (await until(() => nodes.every(allBack), TOLD_MS))
  const backMs = isBack ? performance.now() - mendedAt : undefined
  const after = await together()
  const across = await background.stop()
  return { name: fault.name, toldMs, backMs, loggedBy, before, meanwhile, after, across }
}

/** By then every thread of a node has asked by itself. */
const SETTLE_MS = 1000

/** What passes while all count in Redis: asked again where a thread was so late meanwhile that it counted by itself. */
async function askTogether(
  nodes: readonly ClusterNode[],
  ask: () => Promise<number>,
  tries = 5,
): Promise<number> {
  const before = await timesAway(nodes)
  const passed = await ask()
  return tries > 1 && (await timesAway(nodes)) > before
    ? askTogether(nodes, ask, tries - 1)
    : passed
}

/** Until a thread that fell has said so, and its line stands in the file. */
const TOLD_LATER_MS = 500

/** How often a node missed Redis until now, counted while none does. */
async function timesAway(nodes: readonly ClusterNode[]): Promise<number> {
  await pause(TOLD_LATER_MS)
  await until(() => nodes.every(allBack), TOLD_MS)
  return nodes.reduce((sum, node) => sum + events(node, 'sp_dependency_down'), 0)
}

/** So few that a busy machine still answers them in time. */
const ASKED_PER_SECOND = 250

/** Three times the limit, in turns; how many passed. */
async function askOften(ports: readonly number[], from: string, limit: number): Promise<number> {
  const load = new ClusterLoad({
    ports,
    connections: 4,
    perSecond: ASKED_PER_SECOND,
    path: '/bucket',
    from,
  })
  await until(() => load.count(204) + load.count(429) + load.count(503) >= 3 * limit, 10_000)
  return (await load.stop()).statuses.get(204) ?? 0
}

function events(node: ClusterNode, name: string): number {
  return node.log().filter((line) => line['event.action'] === name).length
}

function allBack(node: ClusterNode): boolean {
  return events(node, 'sp_dependency_up') === events(node, 'sp_dependency_down')
}

function untilAll(nodes: readonly ClusterNode[], value: number): Promise<boolean> {
  return until(async () => {
    const found = await Promise.all(nodes.map((node) => node.metric(UP)))
    return found.every((one) => one === value)
  }, TOLD_MS)
}
