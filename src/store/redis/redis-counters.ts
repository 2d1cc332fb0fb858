import { hostname } from 'node:os'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Secret } from '../../base/secret.ts'
import type { BanRule, BucketRate, Counters, Decision, Demand, Failed, Taken } from '../counters.ts'
import { UnaskedError } from '../unsettled.ts'
import type { Debt } from '../unsettled.ts'
import { BanIndex } from './ban-index.ts'
import { KeyDigests } from './key-digests.ts'
import { KnownBans } from './known-bans.ts'
import { CallWriter } from './call-text.ts'
import { readDecision, readOne, Shapes } from './policy-lines.ts'
import type { Doing, Found, Line } from './policy-lines.ts'
import { Question, QuestionQueue, settleAll } from './questions.ts'
import type { Asked } from './questions.ts'
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

/** Longest time for which a refusal is remembered: another node may have lifted it. */
const REMEMBERED_MS = 1000
/** A node counts for so long after its last word. */
const NODE_LIVES_MS = 5000

/** This process among those that share counters. */
const NODE = `${hostname()}:${process.pid}`

/** What one server of a cluster took, when its clock showed `at`. */
interface TakenAt {
  readonly demands: readonly Demand[]
  readonly decision: Decision
  readonly at: number
}

/**
 * Counters that nodes share in Redis or Valkey. One call is under way at a time, and what is asked meanwhile travels in
 * the next one, so that calls grow with the load; a caller who was just refused is refused again without one, and a ban
 * that was just looked for is not looked for again. Rejects where the store does not answer.
 */
export class RedisCounters implements Counters {
  readonly #parts: RedisCountersParts
  readonly #shapes = new Shapes()
  readonly #writer = new CallWriter()
  readonly #refusals = new Refusals(REMEMBERED_MS)
  readonly #bans = new KnownBans()
  /**
   * `undefined` where one list of all bans cannot be: by a clock of the caller's, and in a cluster, where one server would
   * have it: when it lost the list, bans that others hold would not be seen.
   */
  readonly #index: BanIndex | undefined
  /** The lists that the index follows. */
  readonly #lists: readonly string[]
  readonly #digests: KeyDigests
  /** One for each server of a cluster that was asked, by its address; elsewhere one for the empty text. */
  readonly #queues = new Map<string, QuestionQueue>()
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
        const shape = this.#shapes.owed(demand, agoMs)
        return this.#queue(new Question([{ what: 'o', name, shape }], nowMs, ignored))
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

  /** Where keys live on several servers: each server decides over its own, and gives back when another refuses. */
  async #decideApart(demands: readonly Demand[], nowMs: number): Promise<Decision> {
    const found = await allAnswers(
      this.#byPlace(demands).map((own) => this.#takeAtPlace(own, nowMs)),
    )
    const isAllowed = found.every(({ decision }) => decision.allowed)
    const parts = isAllowed
      ? found
      : await Promise.all(found.map((one) => this.#giveBack(one, nowMs)))
    const taken = new Map(
      parts.flatMap(({ demands: own, decision }) =>
        own.map((demand, index) => [demand, decision.taken[index]] as const),
      ),
    )
    return { allowed: isAllowed, taken: demands.flatMap((demand) => taken.get(demand) ?? []) }
  }

  /** Those whose keys one server has. */
  #byPlace(demands: readonly Demand[]): readonly (readonly Demand[])[] {
    const places = new Map<string, Demand[]>()
    for (const demand of demands) {
      const name = this.#nameOf(demand)
      const place = this.#parts.link.placeOf(name)
      // Where the server is not known, a name goes alone.
      const group = place === '' ? name : place
      const own = places.get(group)
      if (own === undefined) places.set(group, [demand])
      else own.push(demand)
    }
    return [...places.values()]
  }

  async #takeAtPlace(demands: readonly Demand[], nowMs: number): Promise<TakenAt> {
    const lines = this.#linesOf(demands, 'd')
    return this.#queue(
      new Question(lines, nowMs, (found) => ({
        demands,
        decision: readDecision(demands, 'd', found),
        at: found.at,
      })),
    )
  }

  /** Another server refused: what was taken here goes back, and what is there without it is told. */
  async #giveBack(taken: TakenAt, nowMs: number): Promise<TakenAt> {
    const { demands, at } = taken
    if (!taken.decision.allowed) return taken
    const given = demands.map((demand) => {
      const line = { what: 'g', shape: this.#shapes.givenBack(demand, at) } as const
      return this.#queue(new Question([{ ...line, name: this.#nameOf(demand) }], nowMs, ignored))
    })
    const look = this.#queue(
      new Question(this.#linesOf(demands, 'l'), nowMs, (found) =>
        readDecision(demands, 'l', found),
      ),
    )
    await Promise.all(given)
    return { demands, at, decision: await look }
  }

  #askOne(demand: Demand, doing: Doing, nowMs: number): Taken | Promise<Taken> {
    if (this.#refusals.isEmpty) return this.#queueOne(demand, doing, nowMs)
    const known = this.#refusals.find([demand], nowMs)?.taken[0]
    return known ?? this.#queueOne(demand, doing, nowMs)
  }

  #queueOne(demand: Demand, what: Doing, nowMs: number): Promise<Taken> {
    const line = { what, name: this.#nameOf(demand), shape: this.#shapes.of(demand) }
    const read = (found: Found): Taken => {
      const taken = readOne(demand, what, found)
      if (!taken.allowed)
        this.#refusals.remember([demand], { allowed: false, taken: [taken] }, nowMs)
      return taken
    }
    return this.#queue(new Question([line], nowMs, read))
  }

  #ask(demands: readonly Demand[], nowMs: number): Promise<Decision> {
    const what = demands.length === 1 ? 't' : 'd'
    const read = (found: Found): Decision => {
      const decision = readDecision(demands, what, found)
      if (!decision.allowed) this.#refusals.remember(demands, decision, nowMs)
      return decision
    }
    return this.#queue(new Question(this.#linesOf(demands, what), nowMs, read))
  }

  #linesOf(demands: readonly Demand[], what: Doing): readonly Line[] {
    return demands.map((demand, index) => ({
      what: index === 0 ? what : '+',
      name: this.#nameOf(demand),
      shape: this.#shapes.of(demand),
    }))
  }

  #lookForBan(key: string, name: string, nowMs: number): Promise<number | undefined> {
    const change = this.#bans.changes
    const read = ({ parts, place, at }: Found): number | undefined => {
      const untilMs = wallClock(parts[place + 1] ?? '', at, nowMs)
      // What was banned or lifted meanwhile may not be in this answer.
      if (change === this.#bans.changes) this.#bans.remember(key, untilMs, nowMs)
      return untilMs
    }
    return this.#queue(new Question([{ what: 'l', name, shape: this.#shapes.ban }], nowMs, read))
  }

  #queue<T>(question: Question<T>): Promise<T> {
    const place = this.#parts.link.placeOf(question.lines[0]?.name ?? '')
    let queue = this.#queues.get(place)
    if (queue === undefined) {
      queue = new QuestionQueue({
        send: (batch) => this.#send(place, batch),
        isByTime: this.#parts.clock === 'caller',
      })
      this.#queues.set(place, queue)
    }
    queue.add(question)
    return question.answer
  }

  async #send(place: string, batch: readonly Asked[]): Promise<void> {
    if (!this.#isReady) await this.#begin()
    const isApart = this.#parts.link.hasSlots && place === ''
    const text = isApart ? '' : await this.#call(batch, { place })
    if (text !== '') return settleAll(batch, text)
    // The cluster has moved a name elsewhere, or is about to: each question looks for its own.
    await Promise.all(
      batch.map(async (one) =>
        settleAll([one], await this.#call([one], { name: one.lines[0]?.name ?? '' })),
      ),
    )
  }

  #call(batch: readonly Asked[], to: { readonly place: string } | { readonly name: string }) {
    for (const { lines } of batch) for (const line of lines) this.#writer.add(line)
    const now = this.#now(batch[0]?.nowMs ?? 0)
    return this.#parts.link.decide({ ...this.#writer.take(), now, ...to })
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

const ignored = (): undefined => undefined

/** What each says; where one fails, all do, and as something that was heard where another was. */
async function allAnswers<T>(asked: readonly Promise<T>[]): Promise<readonly T[]> {
  const settled = await Promise.allSettled(asked)
  const failed = settled.filter((one) => one.status === 'rejected')
  if (failed.length === 0)
    return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const cause: unknown = failed[0]?.reason
  const isUnasked =
    failed.length === settled.length && failed.every(({ reason }) => reason instanceof UnaskedError)
  throw isUnasked ? cause : new Error('a server of the cluster did not answer', { cause })
}

/** A time of the server, on the caller's clock. */
function wallClock(until: string | number, at: number, nowMs: number): number | undefined {
  return until === '' ? undefined : nowMs + Number(until) - at
}
