import { hostname } from 'node:os'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Secret } from '../../base/secret.ts'
import type { BanRule, BucketRate, Counters, Decision, Demand, Failed, Taken } from '../counters.ts'
import { UnaskedError } from '../unsettled.ts'
import type { Debt } from '../unsettled.ts'
import { BanIndex } from './ban-index.ts'
import { KeyDigests } from './key-digests.ts'
import { KnownBans } from './known-bans.ts'
import { PolicyLines, readDecision, readOne } from './policy-lines.ts'
import type { Doing, Found } from './policy-lines.ts'
import type { RedisLink } from './redis-link.ts'
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

/** What is asked by one caller: policies that are decided together, or one look at a ban. */
interface Pending {
  readonly lines: string
  /** Of the first policy. */
  readonly name: string
  /** How many lines of the script that is. */
  readonly policies: number
  readonly nowMs: number
  /** The part at `found.place` says whether all allow; what each holds follows. */
  readonly settle: (found: Found) => void
  readonly reject: (cause: unknown) => void
}

/**
 * Counters that nodes share in Redis or Valkey. One call is under way at a time, and what is asked meanwhile travels in
 * the next one, so that calls grow with the load; a caller who was just refused is refused again without one, and a ban
 * that was just looked for is not looked for again. Rejects where the store does not answer.
 */
export class RedisCounters implements Counters {
  readonly #parts: RedisCountersParts
  readonly #lines = new PolicyLines()
  readonly #refusals = new Refusals(REMEMBERED_MS)
  readonly #bans = new KnownBans()
  /** `undefined` where one list of all bans cannot be: in a cluster, and by a clock of the caller's. */
  readonly #index: BanIndex | undefined
  /** The lists that the index follows. */
  readonly #lists: readonly string[]
  readonly #digests: KeyDigests
  #pending: Pending[] = []
  /** Calls that are under way. */
  #underWay = 0
  #isReady = false

  constructor(parts: RedisCountersParts) {
    this.#parts = parts
    this.#digests = new KeyDigests(parts.pepper.reveal().toString('base64'))
    const { link } = parts
    const lists = ['made', 'ends'].map((list) => `sp:bans:${this.#digests.of('')}:${list}`)
    const hasIndex = !link.hasSlots && parts.clock !== 'caller'
    this.#lists = hasIndex ? lists : []
    this.#index = hasIndex
      ? new BanIndex((after, most) => link.follow(lists, [after, most]))
      : undefined
  }

  take(key: string, rate: BucketRate, cost: number, nowMs: number): Taken | Promise<Taken> {
    return this.#askOne({ key, kind: 'bucket', rate, cost }, 't', nowMs)
  }

  peek(key: string, rate: BucketRate, cost: number, nowMs: number): Taken | Promise<Taken> {
    return this.#askOne({ key, kind: 'bucket', rate, cost }, 'l', nowMs)
  }

  decide(demands: readonly Demand[], nowMs: number): Decision | Promise<Decision> {
    const known = this.#refusals.find(demands, nowMs)
    if (known !== undefined) return known
    const isApart = this.#parts.link.hasSlots && demands.length > 1
    return isApart ? this.#decideApart(demands, nowMs) : this.#ask(demands, nowMs)
  }

  /** Counts what was allowed while the store was away, whether there is room for it or not. */
  async owe(debts: readonly Debt[], nowMs: number): Promise<void> {
    await Promise.all(
      debts.map(({ demand, agoMs }) => {
        const name = this.#nameOf(demand)
        return this.#queued([name, this.#lines.owe(name, demand, agoMs)], nowMs, () => undefined)
      }),
    )
  }

  async fail(key: string, rule: BanRule, nowMs: number): Promise<Failed> {
    const args = [this.#now(nowMs), rule.count, rule.windowMs, rule.banMs]
    const ban = this.#name('x', key)
    const keys = [this.#name('f', key), ban, ...this.#lists]
    const [at, failures, untilMs = ''] = await this.#parts.link.fail(keys, args)
    this.#bans.forget(key)
    if (untilMs !== '') this.#index?.add(ban)
    return { failures: Number(failures), bannedUntilMs: wallClock(untilMs, Number(at), nowMs) }
  }

  isBanned(key: string, nowMs: number): MaybePromise<number | undefined> {
    if (this.#index?.isEmpty === true) return undefined
    const known = this.#bans.find(key, nowMs)
    if (known !== undefined) return known.untilMs
    const name = this.#name('x', key)
    if (this.#index?.mayHold(name) === false) return undefined
    return this.#lookForBan(key, name, nowMs)
  }

  async ban(key: string, untilMs: number, nowMs: number): Promise<void> {
    if (untilMs <= nowMs) return
    const name = this.#name('x', key)
    await this.#parts.link.ban([name, ...this.#lists], [this.#now(nowMs), untilMs - nowMs])
    this.#bans.forget(key)
    this.#index?.add(name)
  }

  async reset(key: string): Promise<void> {
    this.#refusals.clear()
    await this.#parts.link.delete(['b', 'f', 'x'].map((kind) => this.#name(kind, key)))
    this.#bans.forget(key)
  }

  /** Stops asking what others have banned. */
  close(): void {
    this.#index?.close()
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

  /** Where keys live on several servers: one after the other, given back when one refuses. */
  async #decideApart(demands: readonly Demand[], nowMs: number): Promise<Decision> {
    const found = await Promise.all(demands.map((demand) => this.#takeApart(demand, nowMs)))
    const taken = found.map((one) => one.taken)
    if (taken.every(({ allowed }) => allowed)) return { allowed: true, taken }
    const looks = found.map(async (one) => {
      if (!one.taken.allowed) return one.taken
      const name = this.#nameOf(one.demand)
      const line = this.#lines.giveBack(name, one.demand, one.at)
      await this.#queued([name, line], nowMs, () => undefined)
      return this.#queueOne(one.demand, 'l', nowMs)
    })
    return { allowed: false, taken: await Promise.all(looks) }
  }

  /** `at`: by the clock of the store, which says from which slice of a window it was taken. */
  #takeApart(demand: Demand, nowMs: number) {
    const name = this.#nameOf(demand)
    const line = this.#lines.line('t', name, demand)
    return this.#queued([name, line], nowMs, (found) => ({
      demand,
      taken: readOne(demand, 't', found),
      at: found.at,
    }))
  }

  #askOne(demand: Demand, doing: Doing, nowMs: number): Taken | Promise<Taken> {
    if (this.#refusals.isEmpty) return this.#queueOne(demand, doing, nowMs)
    const known = this.#refusals.find([demand], nowMs)?.taken[0]
    return known ?? this.#queueOne(demand, doing, nowMs)
  }

  #queueOne(demand: Demand, doing: Doing, nowMs: number): Promise<Taken> {
    const name = this.#nameOf(demand)
    return this.#queued([name, this.#lines.line(doing, name, demand)], nowMs, (found) => {
      const taken = readOne(demand, doing, found)
      if (!taken.allowed)
        this.#refusals.remember([demand], { allowed: false, taken: [taken] }, nowMs)
      return taken
    })
  }

  #ask(demands: readonly Demand[], nowMs: number): Promise<Decision> {
    let lines = ''
    let first = ''
    for (const demand of demands) {
      const name = this.#nameOf(demand)
      lines += this.#lines.line(first === '' ? 't' : '+', name, demand)
      first ||= name
    }
    return new Promise((resolve, reject) => {
      const settle = (found: Found): void => {
        const decision = readDecision(demands, 't', found)
        if (!decision.allowed) this.#refusals.remember(demands, decision, nowMs)
        resolve(decision)
      }
      this.#queue({ lines, name: first, policies: demands.length, nowMs, settle, reject })
    })
  }

  #lookForBan(key: string, name: string, nowMs: number): Promise<number | undefined> {
    const change = this.#bans.changes
    return this.#queued([name, `l${name} x\n`], nowMs, ({ parts, place, at }) => {
      const untilMs = wallClock(parts[place + 1] ?? '', at, nowMs)
      // What was banned or lifted meanwhile may not be in this answer.
      if (change === this.#bans.changes) this.#bans.remember(key, untilMs, nowMs)
      return untilMs
    })
  }

  #queued<T>(
    [name, lines]: readonly [name: string, line: string],
    nowMs: number,
    read: (found: Found) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (found: Found): void => resolve(read(found))
      this.#queue({ lines, name, policies: 1, nowMs, settle, reject })
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
    const end = this.#pending.findIndex((one, index) => {
      policies += one.policies
      if (index === 0) return false
      return policies > MAX_BATCH || (this.#parts.clock === 'caller' && one.nowMs !== first)
    })
    return end === -1 ? this.#pending.length : end
  }

  async #send(batch: readonly Pending[]): Promise<void> {
    const now = this.#now(batch[0]?.nowMs ?? 0)
    try {
      if (!this.#isReady) await this.#begin()
      const names = this.#parts.link.hasSlots ? batch.map(({ name }) => name) : []
      const lines = batch.map((one) => one.lines).join('')
      settleAll(batch, await this.#parts.link.decide(names, now, lines))
      this.#underWay -= 1
    } catch (cause) {
      this.#underWay -= 1
      // Nobody waits twice as long because another call was tried first.
      const unasked = new UnaskedError('it went away before', { cause })
      for (const { reject } of this.#pending.splice(0)) reject(unasked)
      for (const { reject } of batch) reject(cause)
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

  #nameOf({ kind, key }: Demand): string {
    return this.#name(kind === 'bucket' ? 'b' : 'w', key)
  }

  #name(kind: string, key: string): string {
    // Braces: all that belongs to one key is in one slot of a cluster.
    return `sp:${kind}:{${this.#digests.of(key)}}`
  }
}

function settleAll(batch: readonly Pending[], text: string): void {
  const parts = text.split(',')
  const at = Number(parts[0])
  const found = { parts, place: 1, at }
  for (const { policies, settle } of batch) {
    settle(found)
    found.place += 1 + policies
  }
}

/** A time of the server, on the caller's clock. */
function wallClock(until: string | number, at: number, nowMs: number): number | undefined {
  return until === '' ? undefined : nowMs + Number(until) - at
}
