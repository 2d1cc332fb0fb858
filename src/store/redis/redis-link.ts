import { Cluster, Redis } from 'ioredis'
import type { RedisOptions } from 'ioredis'
import type { CallText } from './call-text.ts'
import { slotOf } from './key-slot.ts'
import type { RedisTarget } from './redis-target.ts'
import { BAN, DECIDE, FAIL, FOLLOW, NODES } from './scripts.ts'

/** How patient a link is. */
export interface LinkPatience {
  /** A call that takes longer has failed; milliseconds. */
  readonly callMs: number
  readonly connectMs: number
  /** Longest wait between two tries to connect. */
  readonly retryMs: number
}

const PATIENCE: LinkPatience = { callMs: 100, connectMs: 1000, retryMs: 500 }

/** What the scripts return: numbers, and numbers as text where they may have a fraction. */
export type ScriptReply = readonly (string | number)[]

/** One call of `DECIDE`. */
export interface DecideCall extends CallText {
  /** The caller's time in milliseconds; empty: that of the server. */
  readonly now: string | number
  /** In a cluster, the server that `placeOf` named, or else the name of which it has the slot. */
  readonly place?: string
  readonly name?: string
}

/** The scripts, each called with keys and arguments. Rejects where there is no answer in time. */
export interface RedisLink {
  /** Resolves to what `DECIDE` says. */
  decide(call: DecideCall): Promise<string>
  /** The server that has a name, in a cluster; empty: unknown, or no cluster. */
  placeOf(name: string): string
  fail(keys: readonly string[], args: readonly (string | number)[]): Promise<ScriptReply>
  ban(keys: readonly string[], args: readonly (string | number)[]): Promise<ScriptReply>
  /** See `FOLLOW`. */
  follow(keys: readonly string[], args: readonly (string | number)[]): Promise<ScriptReply>
  /** How many nodes said that they are here, this one included. */
  nodes(key: string, name: string, livesMs: number): Promise<number>
  delete(keys: readonly string[]): Promise<void>
  /** Settles when it is connected for the first time, or has not been in time. Never rejects. */
  readonly ready: Promise<void>
  /** Whether keys must be of one slot to be used together. */
  readonly hasSlots: boolean
  /** Drops the connection and makes a new one, for one that gives no sign of life. */
  reconnect(): void
  close(): void
}

type Argument = string | number
type Script = (...args: (Argument | readonly Argument[])[]) => Promise<unknown>
interface Scripts {
  readonly spDecide: Script
  readonly spFail: Script
  readonly spBan: Script
  readonly spFollow: Script
  readonly spNodes: Script
}

const SCRIPTS = {
  spDecide: { lua: DECIDE },
  spFail: { lua: FAIL },
  spBan: { lua: BAN },
  spFollow: { lua: FOLLOW },
  spNodes: { lua: NODES },
}

/** Connects in the background; calls while there is no connection are rejected. */
export function openRedis(target: RedisTarget, patience: LinkPatience = PATIENCE): RedisLink {
  const client =
    target.kind === 'cluster' ? clusterOf(target, patience) : singleOf(target, patience)
  // What is wrong shows in the calls that are rejected.
  client.on('error', () => undefined)
  const scripts = client as unknown as Scripts
  const call =
    (script: keyof Scripts) => async (keys: readonly string[], args: readonly Argument[]) =>
      (await inTime(scripts[script](keys.length, ...keys, ...args), patience.callMs)) as ScriptReply
  return {
    ready: firstReady(client, patience.connectMs),
    hasSlots: target.kind === 'cluster',
    decide: async ({ now, lines, shapes, place = '', name }) => {
      const server = place === '' ? client : (nodeAt(client, place) ?? client)
      const keys = name === undefined ? [0] : [1, name]
      const asked = (server as unknown as Scripts).spDecide(
        ...keys,
        now,
        lines,
        shapes,
        place === '' ? '' : '1',
      )
      return (await inTime(asked, patience.callMs)) as string
    },
    placeOf: client instanceof Cluster ? (name) => client.slots[slotOf(name)]?.[0] ?? '' : () => '',
    fail: call('spFail'),
    ban: call('spBan'),
    follow: call('spFollow'),
    nodes: async (key, name, livesMs) =>
      Number(await inTime(scripts.spNodes(1, key, name, livesMs), patience.callMs)),
    delete: async (keys) =>
      void (await inTime(Promise.all(keys.map((key) => client.del(key))), patience.callMs)),
    reconnect: () => client.disconnect(true),
    close: () => client.disconnect(),
  }
}

/** The connection to one server of a cluster. */
function nodeAt(client: Redis | Cluster, place: string): Redis | undefined {
  if (!(client instanceof Cluster)) return undefined
  return client.nodes('master').find(({ options: { host, port } }) => `${host}:${port}` === place)
}

/** A timer that fires so much too late was not given the processor; milliseconds. */
const STARVED_MS = 20

/**
 * Rejects what takes longer than `ms`. What came in time is not late because this thread was busy: timers run before
 * sockets are read, so the judgment waits until they have been. Where this thread did not get the processor, neither may
 * the store have: it has as long once more.
 */
function inTime<T>(asked: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`the store did not answer in ${ms} ms`))
    const dueMs = performance.now() + ms
    let timer = setTimeout(() => {
      if (performance.now() - dueMs > STARVED_MS) timer = setTimeout(late, ms)
      else setImmediate(late)
    }, ms)
    void asked.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function firstReady(client: Redis | Cluster, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, withinMs)
    timer.unref()
    client.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function commonOptions(target: RedisTarget, patience: LinkPatience) {
  return {
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.isTls ? { tls: { minVersion: 'TLSv1.2' } } : {}),
    connectTimeout: patience.connectMs,
    // A request does not wait for a connection: while there is none, this process counts for itself.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times: number) => Math.min(times * 50, patience.retryMs),
    scripts: SCRIPTS,
  } satisfies RedisOptions
}

function singleOf(target: RedisTarget, patience: LinkPatience): Redis {
  const options = commonOptions(target, patience)
  const [first] = target.hosts
  if (target.kind === 'single') {
    return new Redis({
      ...options,
      host: first?.host ?? '',
      port: first?.port ?? 0,
      db: target.database,
    })
  }
  return new Redis({
    ...options,
    sentinels: target.hosts.map(({ host, port }) => ({ host, port })),
    name: target.master,
    sentinelRetryStrategy: (times: number) => Math.min(times * 50, patience.retryMs),
    ...(target.isTls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
  })
}

function clusterOf(target: RedisTarget, patience: LinkPatience): Cluster {
  const { enableOfflineQueue, ...options } = commonOptions(target, patience)
  return new Cluster(
    target.hosts.map(({ host, port }) => ({ host, port })),
    {
      // Of the whole, where the client finds the server, and in the options of each server.
      scripts: SCRIPTS,
      enableOfflineQueue,
      redisOptions: options,
      clusterRetryStrategy: (times) => Math.min(times * 50, patience.retryMs),
      slotsRefreshInterval: 5000,
    },
  )
}
