/** One request of the day. */
export interface DayCall {
  readonly atMs: number
  /** Name of the caller; the key or log-in behind it is the replay's. */
  readonly who: string
  readonly kind: 'guest' | 'customer' | 'staff' | 'partner'
  readonly address: string
  readonly agent: string
  readonly method: 'GET' | 'POST'
  readonly target: string
  /** What the API answers. */
  readonly status: number
  readonly bytes: number
  readonly body?: Readonly<Record<string, string>>
}

const HOUR_MS = 3_600_000

const BROWSERS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
]

/** The same numbers for the same seed (mulberry32). */
function dice(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Day {
  readonly roll: () => number
  readonly calls: DayCall[]
}

const between = ({ roll }: Day, least: number, most: number): number =>
  least + Math.floor(roll() * (most - least + 1))

/** Many at noon and in the evening, few at night. */
function moment(day: Day): number {
  const hour = (7 + Math.floor((day.roll() + day.roll()) * 8.5)) % 24
  return hour * HOUR_MS + Math.floor(day.roll() * HOUR_MS)
}

type Common = Pick<DayCall, 'who' | 'kind' | 'address' | 'agent'>

/** Looks at products: the list, then some of it, with pauses for reading. */
function browse(day: Day, common: Common, startMs: number, looks: number): number {
  let atMs = startMs
  day.calls.push({ ...common, atMs, method: 'GET', target: '/products', status: 200, bytes: 9000 })
  for (let look = 0; look < looks; look++) {
    atMs += between(day, 3000, 40_000)
    // Some are liked by many.
    const id = 1 + Math.floor(day.roll() ** 2 * 600)
    day.calls.push({
      ...common,
      atMs,
      method: 'GET',
      target: `/products/${id}`,
      status: 200,
      bytes: 1200,
    })
  }
  return atMs
}

function logIn(day: Day, common: Common, startMs: number): number {
  let atMs = startMs
  const tries = day.roll() < 0.12 ? between(day, 1, 2) : 0
  for (let one = 0; one <= tries; one++) {
    const status = one < tries ? 401 : 200
    const body = { email: `${common.who}@shop.test`, password: status === 200 ? 'right' : 'wrong' }
    day.calls.push({ ...common, atMs, method: 'POST', target: '/login', status, bytes: 200, body })
    atMs += between(day, 4000, 20_000)
  }
  return atMs
}

function customer(day: Day, number: number): void {
  const who = `customer-${number}`
  const agent = BROWSERS[number % BROWSERS.length] ?? ''
  // Some share an office or a carrier.
  const address = number % 10 === 0 ? '198.18.9.9' : `198.18.${number >> 8}.${number & 255}`
  const common: Common = { who, kind: 'customer', address, agent }
  const visits = between(day, 1, 3)
  for (let visit = 0; visit < visits; visit++) {
    let atMs = logIn(day, common, moment(day))
    atMs = browse(day, common, atMs, between(day, 2, 25))
    const orders = between(day, 0, 6)
    for (let order = 0; order < orders; order++) {
      atMs += between(day, 2000, 15_000)
      const target = `/orders/${number * 10 + order}`
      day.calls.push({ ...common, atMs, method: 'GET', target, status: 200, bytes: 900 })
    }
  }
}

function guest(day: Day, number: number): void {
  const agent = BROWSERS[number % BROWSERS.length] ?? ''
  const address = `198.19.${number >> 8}.${number & 255}`
  browse(day, { who: '', kind: 'guest', address, agent }, moment(day), between(day, 1, 15))
}

/** Eight hours of other people's orders, one after another. */
function staff(day: Day, number: number): void {
  const address = `198.51.100.${number}`
  const common: Common = {
    who: `staff-${number}`,
    kind: 'staff',
    address,
    agent: BROWSERS[1] ?? '',
  }
  let atMs = logIn(day, common, 8 * HOUR_MS + number * 60_000)
  while (atMs < 16 * HOUR_MS) {
    atMs += between(day, 20_000, 150_000)
    const target = `/orders/${between(day, 1, 4000)}`
    day.calls.push({ ...common, atMs, method: 'GET', target, status: 200, bytes: 900 })
  }
}

/** A program that asks for the list each minute, and for what is new in it. */
function partner(day: Day, number: number): void {
  const who = `partner-${number}`
  const address = `203.0.113.${number}`
  const common: Common = { who, kind: 'partner', address, agent: 'partner-sync/2.1 (node)' }
  let next = number * 10_000
  for (let atMs = number * 1000; atMs < 24 * HOUR_MS; atMs += 60_000) {
    const busy = atMs > 9 * HOUR_MS && atMs < 20 * HOUR_MS
    day.calls.push({
      ...common,
      atMs,
      method: 'GET',
      target: '/orders',
      status: 200,
      bytes: 20_000,
    })
    const fresh = busy && day.roll() < 0.5 ? between(day, 1, 2) : 0
    for (let one = 0; one < fresh; one++) {
      next += 1
      const target = `/orders/${next}`
      day.calls.push({
        ...common,
        atMs: atMs + 100 * (one + 1),
        method: 'GET',
        target,
        status: 200,
        bytes: 900,
      })
    }
  }
}

/** How many of each come to the shop. */
export interface DayPlan {
  readonly customers: number
  readonly guests: number
  readonly staff: number
  readonly partners: number
}

/** A day of the shop in the order of time; the same for the same seed. */
export function honestDay(plan: DayPlan, seed: number): readonly DayCall[] {
  const day: Day = { roll: dice(seed), calls: [] }
  for (let number = 1; number <= plan.customers; number++) customer(day, number)
  for (let number = 1; number <= plan.guests; number++) guest(day, number)
  for (let number = 1; number <= plan.staff; number++) staff(day, number)
  for (let number = 1; number <= plan.partners; number++) partner(day, number)
  return day.calls.toSorted((one, other) => one.atMs - other.atMs)
}
