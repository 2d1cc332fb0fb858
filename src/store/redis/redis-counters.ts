import { hash } from 'node:crypto'
import { hostname } from 'node:os'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Secret } from '../../base/secret.ts'
import type { BanRule, BucketRate, Counters, Decision, Demand, Failed, Taken } from '../counters.ts'
import { describeTaken, EPSILON_MS } from '../gcra.ts'
import { judgeWindow, sliceAt, SLICES } from '../sliding-window.ts'
import { KnownBans } from './known-bans.ts'
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

/** What is asked by one caller: policies that are decided together, or one look at a ban. */
interface Pending {
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
  readonly nowMs: number
  /** `reply[place]` says whether all allow; what each holds follows. `at`: the time of the store, in milliseconds. */
  readonly settle: (reply: ScriptReply, place: number, at: number) => void
  readonly reject: (cause: unknown) => void
}

/**
 * Counters that nodes share in Redis or Valkey. One call is under way at a time, and what is asked meanwhile travels in
 * the next one, so that calls grow with the load; a caller who was just refused is refused again without one, and a ban
 * that was just looked for is not looked for again. Rejects where the store does not answer.
 */
export class RedisCounters implements Counters {
  readonly #parts: RedisCountersParts
  readonly #salt: string
  readonly #refusals = new Refusals(REMEMBERED_MS)
  readonly #bans = new KnownBans()
  #pending: Pending[] = []
  /** Calls that are under way. */
  #underWay = 0
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
    this.#bans.forget(key)
    return { failures: Number(failures), bannedUntilMs: wallClock(untilMs, Number(at), nowMs) }
  }

  isBanned(key: string, nowMs: number): MaybePromise<number | undefined> {
    const known = this.#bans.find(key, nowMs)
    return known === undefined ? this.#lookForBan(key, nowMs) : known.untilMs
  }

  async ban(key: string, untilMs: number, nowMs: number): Promise<void> {
    if (untilMs <= nowMs) return
    await this.#parts.link.ban([this.#name('x', key)], [this.#now(nowMs), untilMs - nowMs])
    this.#bans.forget(key)
  }

  async reset(key: string): Promise<void> {
    this.#refusals.clear()
    await this.#parts.link.delete(['b', 'f', 'x'].map((kind) => this.#name(kind, key)))
    this.#bans.forget(key)
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
        : Promise.resolve([taken[index] as Taken]),
    )
    return { allowed: false, taken: (await Promise.all(looks)).flat() }
  }

  #ask(demands: readonly Demand[], mode: Mode, nowMs: number): Promise<Decision> {
    const keys: string[] = []
    const args: (string | number)[] = [demands.length, mode]
    for (const demand of demands) {
      keys.push(this.#name(demand.kind === 'bucket' ? 'b' : 'w', demand.key))
      pushDemand(args, demand)
    }
    return new Promise((resolve, reject) => {
      const settle: Pending['settle'] = (reply, place, at) => {
        const decision = readDecision(demands, mode, { reply, place, at })
        if (!decision.allowed) this.#refusals.remember(demands, decision, nowMs)
        resolve(decision)
      }
      this.#queue({ keys, args, nowMs, settle, reject })
    })
  }

  #lookForBan(key: string, nowMs: number): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const change = this.#bans.changes
      const settle: Pending['settle'] = (reply, place, at) => {
        const untilMs = wallClock(reply[place + 1] ?? '', at, nowMs)
        // What was banned or lifted meanwhile may not be in this answer.
        if (change === this.#bans.changes) this.#bans.remember(key, untilMs, nowMs)
        resolve(untilMs)
      }
      const keys = [this.#name('x', key)]
      this.#queue({ keys, args: [1, 'look', 'x'], nowMs, settle, reject })
    })
  }

  #queue(pending: Pending): void {
    // What is asked in one turn of the event loop travels together.
    if (this.#pending.length === 0 && this.#underWay === 0) setImmediate(() => this.#flush())
    this.#pending.push(pending)
    if (this.#parts.link.hasSlots && this.#underWay > 0) this.#flush()
  }

  /** In a cluster every key may be on another server, so that calls do not wait for each other. */
  #flush(): void {
    const most = this.#parts.link.hasSlots ? Infinity : 1
    while (this.#pending.length > 0 && this.#underWay < most) {
      const batch = this.#pending.splice(0, this.#nextSize())
      this.#underWay += 1
      void this.#send(batch)
    }
  }

  /** How many of those that wait go with the next call: it has one time, and in a cluster one slot. */
  #nextSize(): number {
    if (this.#parts.link.hasSlots) return 1
    const first = this.#pending[0]?.nowMs
    let policies = 0
    const end = this.#pending.findIndex(({ keys, nowMs }, index) => {
      policies += keys.length
      if (index === 0) return false
      return policies > MAX_BATCH || (this.#parts.clock === 'caller' && nowMs !== first)
    })
    return end === -1 ? this.#pending.length : end
  }

  async #send(batch: readonly Pending[]): Promise<void> {
    const now = this.#now(batch[0]?.nowMs ?? 0)
    try {
      if (!this.#isReady) await this.#begin()
      const keys = batch.flatMap((one) => one.keys)
      const args = batch.flatMap((one) => one.args)
      settleAll(batch, await this.#parts.link.decide(keys, [now, ...args]))
      this.#underWay -= 1
    } catch (cause) {
      this.#underWay -= 1
      // Nobody waits twice as long because another call was tried first.
      for (const { reject } of [...batch, ...this.#pending.splice(0)]) reject(cause)
    }
    this.#flush()
  }

  /** Requests that come before the first connection wait for it, so that none is counted twice. */
  async #begin(): Promise<void> {
    await this.#parts.link.ready
    this.#isReady = true
  }

  #now(nowMs: number): string | number {
    return this.#parts.clock === 'caller' ? nowMs : ''
  }

  #name(kind: string, key: string): string {
    // Braces: all that belongs to one key is in one slot of a cluster.
    return `sp:${kind}:{${hash('sha256', this.#salt + key, 'base64url').slice(0, 22)}}`
  }
}

function settleAll(batch: readonly Pending[], reply: ScriptReply): void {
  const at = Number(reply[0])
  let place = 1
  for (const { keys, settle } of batch) {
    settle(reply, place, at)
    place += 1 + keys.length
  }
}

function readDecision(
  demands: readonly Demand[],
  mode: Mode,
  {
    reply,
    place,
    at,
  }: { readonly reply: ScriptReply; readonly place: number; readonly at: number },
): Decision {
  const allowed = Number(reply[place]) === 1
  const isTaking = allowed && mode === 'take'
  const taken = demands.map((demand, index) =>
    readTaken(demand, reply[place + 1 + index] ?? 0, { at, isTaking }),
  )
  return { allowed, taken }
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
function wallClock(until: string | number, at: number, nowMs: number): number | undefined {
  return until === '' ? undefined : nowMs + Number(until) - at
}

function only(found: Decision | Promise<Decision>): Taken | Promise<Taken> {
  return found instanceof Promise ? found.then(first) : first(found)
}

function first({ taken: [taken] }: Decision): Taken {
  if (taken === undefined) throw new Error('a decision about nothing')
  return taken
}
