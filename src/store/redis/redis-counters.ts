import { hash } from 'node:crypto'
import { hostname } from 'node:os'
import type { Secret } from '../../base/secret.ts'
import type { BanRule, BucketRate, Counters, Decision, Demand, Failed, Taken } from '../counters.ts'
import { describeTaken, EPSILON_MS } from '../gcra.ts'
import { judgeWindow, sliceAt, SLICES } from '../sliding-window.ts'
import type { RedisLink, ScriptReply } from './redis-link.ts'
import { Refusals } from './refusals.ts'

/** What the counters of several nodes are made of. */
export interface RedisCountersParts {
  readonly link: RedisLink
  /** The same for all nodes: keys hold addresses and account names, which nobody is to read in the store. */
  readonly pepper: Secret<Buffer>
  /** What runs at once is counted here. */
  readonly local: Pick<Counters, 'enter' | 'leave'>
  /** Whose clock counts: `server` unless said, so that those of the nodes do not matter; `caller` for tests. */
  readonly clock?: 'server' | 'caller'
}

/** Policies that one call of the script judges at most, so that the server is not held for long. */
const MAX_BATCH = 128
/** Longest time for which a refusal is remembered: another node may have lifted it. */
const REMEMBERED_MS = 1000
/** A node counts for so long after its last word. */
const NODE_LIVES_MS = 5000

/** This process among those that share counters. */
const NODE = `${hostname()}:${process.pid}`

type Mode = 'take' | 'look' | 'give'

interface Pending {
  readonly demands: readonly Demand[]
  readonly mode: Mode
  readonly nowMs: number
  readonly resolve: (decision: Decision) => void
  readonly reject: (cause: unknown) => void
}

/**
 * Counters that nodes share in Redis or Valkey. What is asked in one turn of the event loop travels in one call; a caller
 * who was just refused is refused again without one. Rejects where the store does not answer.
 */
export class RedisCounters implements Counters {
  readonly #parts: RedisCountersParts
  readonly #salt: string
  readonly #refusals = new Refusals(REMEMBERED_MS)
  #pending: Pending[] = []
  #isReady = false

  constructor(parts: RedisCountersParts) {
    this.#parts = parts
    this.#salt = parts.pepper.reveal().toString('base64')
  }

  take(key: string, rate: BucketRate, cost: number, nowMs: number): Taken | Promise<Taken> {
    return only(this.#decide([{ key, kind: 'bucket', rate, cost }], 'take', nowMs))
  }

  peek(key: string, rate: BucketRate, cost: number, nowMs: number): Taken | Promise<Taken> {
    return only(this.#decide([{ key, kind: 'bucket', rate, cost }], 'look', nowMs))
  }

  decide(demands: readonly Demand[], nowMs: number): Decision | Promise<Decision> {
    return this.#decide(demands, 'take', nowMs)
  }

  async fail(key: string, rule: BanRule, nowMs: number): Promise<Failed> {
    const args = [this.#now(nowMs), rule.count, rule.windowMs, rule.banMs]
    const keys = [this.#name('f', key), this.#name('x', key)]
    const [at, failures, untilMs = ''] = await this.#parts.link.fail(keys, args)
    return { failures: Number(failures), bannedUntilMs: wallClock(untilMs, at, nowMs) }
  }

  async isBanned(key: string, nowMs: number): Promise<number | undefined> {
    const [at, untilMs = ''] = await this.#parts.link.ban(
      [this.#name('x', key)],
      [this.#now(nowMs), ''],
    )
    return wallClock(untilMs, at, nowMs)
  }

  async ban(key: string, untilMs: number, nowMs: number): Promise<void> {
    if (untilMs <= nowMs) return
    await this.#parts.link.ban([this.#name('x', key)], [this.#now(nowMs), untilMs - nowMs])
  }

  async reset(key: string): Promise<void> {
    this.#refusals.clear()
    await this.#parts.link.delete(['b', 'f', 'x'].map((kind) => this.#name(kind, key)))
  }

  enter(key: string, max: number): boolean {
    return this.#parts.local.enter(key, max)
  }

  leave(key: string): void {
    this.#parts.local.leave(key)
  }

  /** Says that this process is here and asks how many are. Rejects where the store does not answer. */
  async nodes(): Promise<number> {
    if (!this.#isReady) await this.#begin()
    return this.#parts.link.nodes('sp:nodes', NODE, NODE_LIVES_MS)
  }

  #decide(demands: readonly Demand[], mode: Mode, nowMs: number): Decision | Promise<Decision> {
    const known = this.#refusals.find(demands, nowMs)
    if (known !== undefined) return known
    const asked = this.#parts.link.hasSlots && demands.length > 1
    return asked ? this.#decideApart(demands, nowMs) : this.#ask(demands, mode, nowMs)
  }

  /** Where keys live on several servers: one after the other, given back when one refuses. */
  async #decideApart(demands: readonly Demand[], nowMs: number): Promise<Decision> {
    const found = await Promise.all(demands.map((demand) => this.#ask([demand], 'take', nowMs)))
    const taken = found.flatMap((decision) => decision.taken)
    if (taken.every(({ allowed }) => allowed)) return { allowed: true, taken }
    const surplus = demands.filter((_, index) => taken[index]?.allowed === true)
    await Promise.all(surplus.map((demand) => this.#ask([demand], 'give', nowMs)))
    const looks = demands.map((demand, index) =>
      taken[index]?.allowed === true
        ? this.#ask([{ ...demand }], 'look', nowMs).then((decision) => decision.taken)
        : [taken[index] as Taken],
    )
    return { allowed: false, taken: (await Promise.all(looks)).flat() }
  }

  #ask(demands: readonly Demand[], mode: Mode, nowMs: number): Promise<Decision> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0) setImmediate(() => this.#flush())
      this.#pending.push({ demands, mode, nowMs, resolve, reject })
    })
  }

  #flush(): void {
    const pending = this.#pending
    this.#pending = []
    let batch: Pending[] = []
    let size = 0
    for (const one of pending) {
      if (size > 0 && (size >= MAX_BATCH || !this.#fits(batch, one))) {
        void this.#send(batch)
        batch = []
        size = 0
      }
      batch.push(one)
      size += one.demands.length
    }
    if (size > 0) void this.#send(batch)
  }

  /** One call has one time, and in a cluster one slot. */
  #fits([first]: readonly Pending[], next: Pending): boolean {
    if (this.#parts.link.hasSlots) return false
    return this.#parts.clock !== 'caller' || first?.nowMs === next.nowMs
  }

  async #send(batch: readonly Pending[]): Promise<void> {
    const keys: string[] = []
    const args: (string | number)[] = [this.#now(batch[0]?.nowMs ?? 0)]
    for (const { demands, mode } of batch) {
      args.push(demands.length, mode)
      for (const demand of demands) {
        keys.push(this.#name(demand.kind === 'bucket' ? 'b' : 'w', demand.key))
        pushDemand(args, demand)
      }
    }
    try {
      if (!this.#isReady) await this.#begin()
      this.#settle(batch, await this.#parts.link.decide(keys, args))
    } catch (cause) {
      for (const { reject } of batch) reject(cause)
    }
  }

  /** Requests that come before the first connection wait for it, so that none is counted twice. */
  async #begin(): Promise<void> {
    await this.#parts.link.ready
    this.#isReady = true
  }

  #settle(batch: readonly Pending[], reply: ScriptReply): void {
    const at = Number(reply[0])
    let place = 1
    for (const { demands, mode, nowMs, resolve } of batch) {
      const allowed = Number(reply[place]) === 1
      place += 1
      const isTaking = allowed && mode === 'take'
      const taken = demands.map((demand, index) =>
        readTaken(demand, reply[place + index] ?? 0, { at, isTaking }),
      )
      place += demands.length
      const decision = { allowed, taken }
      if (!allowed) this.#refusals.remember(demands, decision, nowMs)
      resolve(decision)
    }
  }

  #now(nowMs: number): string | number {
    return this.#parts.clock === 'caller' ? nowMs : ''
  }

  #name(kind: string, key: string): string {
    // Braces: all that belongs to one key is in one slot of a cluster.
    return `sp:${kind}:{${hash('sha256', this.#salt + key, 'base64url').slice(0, 22)}}`
  }
}

function pushDemand(args: (string | number)[], { kind, rate, cost }: Demand): void {
  const { count, burst, windowMs } = rate
  const interval = windowMs / count
  if (kind === 'bucket') args.push('b', Math.min(cost, burst) * interval, burst * interval)
  else args.push('w', Math.min(cost, count), count, windowMs, SLICES)
}

function readTaken(
  { kind, rate, cost }: Demand,
  found: string | number,
  { at, isTaking }: { readonly at: number; readonly isTaking: boolean },
): Taken {
  if (kind === 'window') {
    const counts = String(found).split(',').map(Number)
    const state = { slice: sliceAt(rate, at), nowMs: at, counts }
    return judgeWindow(rate, { cost, isTaking }, state)
  }
  const interval = rate.windowMs / rate.count
  const filledMs = Number(found)
  const costMs = Math.min(cost, rate.burst) * interval
  const overMs = filledMs + costMs - rate.burst * interval
  if (overMs > EPSILON_MS) return describeTaken(rate, filledMs, overMs)
  return describeTaken(rate, isTaking ? filledMs + costMs : filledMs, 0)
}

/** A time of the server, on the caller's clock. */
function wallClock(
  until: string | number,
  at: string | number | undefined,
  nowMs: number,
): number | undefined {
  return until === '' ? undefined : nowMs + Number(until) - Number(at)
}

function only(found: Decision | Promise<Decision>): Taken | Promise<Taken> {
  return found instanceof Promise ? found.then(first) : first(found)
}

function first({ taken: [taken] }: Decision): Taken {
  if (taken === undefined) throw new Error('a decision about nothing')
  return taken
}
