import type { DecisionRecord, Exchange } from '../pipeline/exchange.ts'
import { labelText, numberText, writeHead } from './metric-family.ts'
import type { AllocateNumbers, NumberBlock, NumberKey } from './numbers.ts'
import { ownNumbers } from './numbers.ts'

/** Upper bounds in seconds: those of OpenTelemetry for `http.server.request.duration`, and two finer ones. */
const BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]
/** `_OTHER` stands for every method that a stranger invents (OpenTelemetry's word). */
const METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'QUERY',
  '_OTHER',
]
const METHOD_INDEX: ReadonlyMap<string, number> = new Map(METHODS.map((name, i) => [name, i]))
const GET = METHODS.indexOf('GET')
const OTHER_METHOD = METHODS.length - 1
const LOWEST_STATUS = 100
const STATUSES = 500
/** Different statuses counted one by one; an API that invents more has the rest counted as status 0. */
const MAX_STATUSES = 64
const MAX_ROUTES = 20_000
const MAX_DENIALS = 20_000
const OTHER_REASON = '_other'
const SUM = BOUNDS.length + 1
const UNROUTED = 'unrouted'

/** Enforced, then observed. */
type DenialCount = Float64Array
const ENFORCED = 0
const OBSERVED = 1

/** Everything counted for one route. */
interface RouteCounts {
  readonly label: string
  /** By method index; then by slot of the status. */
  readonly statuses: (Float64Array | undefined)[]
  /** Not cumulative; the last but one is above every bound, the last is the sum of seconds. */
  readonly buckets: Float64Array
  /** Control -> reason. */
  readonly denials: Map<string, Map<string, DenialCount>>
}

/**
 * Counts requests, durations and denials by route. Routes are the labels of the loaded documents and `unrouted`: a
 * caller can add no series. Recording touches array slots and builds no text.
 */
export class RouteMetrics {
  readonly #routes = new Map<string, RouteCounts>()
  readonly #unrouted: RouteCounts
  /** Status -> slot + 1; 0 for one that was not seen yet. */
  readonly #slots = new Uint8Array(STATUSES)
  readonly #statusOfSlot: Float64Array
  readonly #allocate: AllocateNumbers
  #latest: RouteCounts
  #usedSlots = 1
  #denialSeries = 0

  constructor(allocate: AllocateNumbers = ownNumbers) {
    this.#allocate = allocate
    this.#statusOfSlot = allocate(['codes'], MAX_STATUSES)
    this.#unrouted = this.#newCounts(UNROUTED)
    this.#latest = this.#unrouted
    this.#routes.set(UNROUTED, this.#unrouted)
  }

  /** Counts one finished exchange. */
  record(exchange: Exchange, seconds: number): void {
    const counts = this.#countsOf(exchange.site?.label)
    const { method: name } = exchange.head
    const method = name === 'GET' ? GET : (METHOD_INDEX.get(name) ?? OTHER_METHOD)
    const statuses = (counts.statuses[method] ??= this.#newStatuses(counts.label, method))
    const slot = this.#slotOf(exchange.status)
    statuses[slot] = (statuses[slot] ?? 0) + 1
    const bucket = bucketOf(seconds)
    counts.buckets[bucket] = (counts.buckets[bucket] ?? 0) + 1
    counts.buckets[SUM] = (counts.buckets[SUM] ?? 0) + seconds
    const { decision, observed } = exchange
    if (decision !== undefined && decision.status >= 400)
      increment(this.#denial(counts, decision), ENFORCED)
    for (let i = 0; i < observed.length; i++)
      increment(this.#denial(counts, observed[i] as DecisionRecord), OBSERVED)
  }

  /** Adds what another thread counted; `codes` are the statuses its slots stand for. */
  absorb({ key, values }: NumberBlock, codes: Float64Array | undefined): void {
    const [kind, label, ...names] = key
    const counts = this.#countsOf(label)
    if (kind === 'duration') addTo(counts.buckets, values)
    else if (kind === 'denial') {
      const [control = '', reason = ''] = names
      addTo(this.#denial(counts, { control, reason }), values)
    } else if (kind === 'statusCount')
      this.#addStatus(counts, names[0], { status: Number(names[1]), count: values[0] ?? 0 })
    else if (kind === 'status')
      for (const [slot, count] of values.entries())
        this.#addStatus(counts, names[0], { status: codes?.[slot] ?? 0, count })
  }

  #addStatus(
    counts: RouteCounts,
    name: string | undefined,
    add: { readonly status: number; readonly count: number },
  ): void {
    if (add.count === 0) return
    const method = METHOD_INDEX.get(name ?? '') ?? OTHER_METHOD
    const statuses = (counts.statuses[method] ??= this.#newStatuses(counts.label, method))
    const slot = add.status === 0 ? 0 : this.#slotOf(add.status)
    statuses[slot] = (statuses[slot] ?? 0) + add.count
  }

  /** Exposition lines of the three families. */
  write(out: string[]): void {
    this.#writeRequests(out)
    this.#writeDurations(out)
    this.#writeDenials(out)
  }

  #countsOf(label: string | undefined): RouteCounts {
    if (label === undefined) return this.#unrouted
    // One request is often for the route of the last one: then it is the very same text.
    if (label === this.#latest.label) return this.#latest
    const known = this.#routes.get(label)
    if (known !== undefined) return (this.#latest = known)
    if (this.#routes.size >= MAX_ROUTES) return this.#unrouted
    const counts = this.#newCounts(label)
    this.#routes.set(label, counts)
    return counts
  }

  #newCounts(label: string): RouteCounts {
    return {
      label,
      statuses: METHODS.map(() => undefined),
      buckets: this.#allocate(['duration', label], SUM + 1),
      denials: new Map(),
    }
  }

  #newStatuses(label: string, method: number): Float64Array {
    const key: NumberKey = ['status', label, METHODS[method] ?? '']
    return this.#allocate(key, MAX_STATUSES)
  }

  #slotOf(status: number): number {
    const index = status - LOWEST_STATUS
    const known = this.#slots[index] ?? 1
    if (known > 0) return known - 1
    if (this.#usedSlots >= MAX_STATUSES) return 0
    const slot = this.#usedSlots++
    this.#statusOfSlot[slot] = status
    this.#slots[index] = slot + 1
    return slot
  }

  #denial(counts: RouteCounts, decision: Pick<DecisionRecord, 'control' | 'reason'>): DenialCount {
    let reasons = counts.denials.get(decision.control)
    if (reasons === undefined) counts.denials.set(decision.control, (reasons = new Map()))
    const known = reasons.get(decision.reason)
    if (known !== undefined) return known
    const reason = this.#denialSeries >= MAX_DENIALS ? OTHER_REASON : decision.reason
    const count =
      reasons.get(reason) ??
      this.#allocate(['denial', counts.label, decision.control, reason], OBSERVED + 1)
    reasons.set(reason, count)
    this.#denialSeries++
    return count
  }

  #writeRequests(out: string[]): void {
    const name = 'sallyport_requests_total'
    writeHead(out, {
      name,
      help: 'Requests answered or broken off; status 0: no answer was sent.',
      type: 'counter',
    })
    for (const { label, statuses } of this.#routes.values()) {
      for (const [method, slots] of statuses.entries()) {
        for (const [slot, value] of (slots ?? []).entries()) {
          if (value === 0) continue
          const values = [label, METHODS[method] ?? '', String(this.#statusOfSlot[slot] ?? 0)]
          out.push(`${name}${labelText(['route', 'method', 'status'], values)} ${value}`)
        }
      }
    }
  }

  #writeDurations(out: string[]): void {
    const name = 'http_server_request_duration_seconds'
    writeHead(out, {
      name,
      help: 'Time from the request head to the end of the answer.',
      type: 'histogram',
    })
    for (const { label, buckets } of this.#routes.values()) {
      let total = 0
      for (const [i, count] of buckets.subarray(0, SUM).entries()) {
        total += count
        const bound = numberText(BOUNDS[i] ?? Infinity)
        out.push(`${name}_bucket${labelText(['route', 'le'], [label, bound])} ${total}`)
      }
      const labels = labelText(['route'], [label])
      out.push(
        `${name}_sum${labels} ${numberText(buckets[SUM] ?? 0)}`,
        `${name}_count${labels} ${total}`,
      )
    }
  }

  #writeDenials(out: string[]): void {
    const name = 'sallyport_denied_total'
    writeHead(out, { name, help: 'Refusals; mode monitor: the request went on.', type: 'counter' })
    for (const { label, denials } of this.#routes.values()) {
      for (const [control, reasons] of denials) {
        for (const [reason, [enforced = 0, observed = 0]] of reasons) {
          const line = (mode: string, value: number): string =>
            `${name}${labelText(['control', 'reason', 'route', 'mode'], [control, reason, label, mode])} ${value}`
          if (enforced > 0) out.push(line('enforce', enforced))
          if (observed > 0) out.push(line('monitor', observed))
        }
      }
    }
  }
}

function increment(numbers: Float64Array, at: number): void {
  numbers[at] = (numbers[at] ?? 0) + 1
}

function addTo(sum: Float64Array, values: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0)
}

function bucketOf(seconds: number): number {
  let i = 0
  while (i < BOUNDS.length && seconds > (BOUNDS[i] ?? Infinity)) i++
  return i
}
