import { HONEST_CALLS } from '../../examples/shop/honest-calls.ts'
import type { HonestCall } from '../../examples/shop/honest-calls.ts'
import type { Ask } from '../kit/ask.ts'
import type { Declared, Schema } from './document.ts'
import type { Owner, ShopRows } from './rows.ts'

/** One request that tries for what is another's. */
export interface Attack {
  readonly operation: string
  /** Where the id stands, or what is done with it. */
  readonly position: string
  readonly plan: Ask
}

/** The position of what is no attack. */
export const AS_IT_IS = 'as it is'

/** Parameters and members by which the shop names rows. */
const ID_TABLES: ReadonlyMap<string, string> = new Map([
  ['userId', 'users'],
  ['orderId', 'orders'],
  ['orderIds', 'orders'],
  ['paymentId', 'payments'],
])

/** Everything that may be tried on an operation by a caller who owns `own`, with the ids of all others. */
export function attacksOn(
  operation: Declared,
  own: Owner | undefined,
  rows: ShopRows,
): readonly Attack[] {
  const honest = HONEST_CALLS.filter(
    ({ operationId, status }) => operationId === operation.id && status < 400,
  )
  const [first] = honest
  if (first === undefined) throw new Error(`no honest call of ${operation.id}`)
  const making = new Making(operation, first, rows, own)
  return [
    ...honest.map((call) => making.as(call)),
    ...making.inPath(),
    ...making.inQuery(),
    ...making.inBody(),
    ...making.inPatch(),
  ]
}

class Making {
  readonly #operation: Declared
  readonly #honest: HonestCall
  readonly #rows: ShopRows
  readonly #own: Owner | undefined

  constructor(operation: Declared, honest: HonestCall, rows: ShopRows, own: Owner | undefined) {
    this.#operation = operation
    this.#honest = honest
    this.#rows = rows
    this.#own = own
  }

  /** An honest call, on what is the caller's own. */
  as(call: HonestCall): Attack {
    return this.attack(AS_IT_IS, { target: this.#mine(call.target) })
  }

  attack(position: string, plan: Partial<Ask>): Attack {
    const { body, headers, target } = this.#honest
    const filled = typeof body === 'string' ? body.replaceAll('{nonce}', 'matrix') : body
    const sent = filled instanceof Uint8Array ? Buffer.from(filled) : filled
    const base: Ask = {
      method: this.#operation.method,
      target: this.#mine(target),
      ...(headers === undefined ? {} : { headers }),
      ...(sent === undefined ? {} : { body: isObject(sent) ? this.#mineIn(sent) : sent }),
    }
    return {
      operation: this.#operation.id,
      position,
      plan: { ...base, ...plan, target: plan.target ?? base.target },
    }
  }

  inPath(): readonly Attack[] {
    return this.#operation.parameters
      .filter((one) => one.in === 'path')
      .flatMap(({ name }) => {
        const table = ID_TABLES.get(name)
        return table === undefined
          ? []
          : this.#foreign(table).flatMap((id, index) => this.#withPath(name, id, index))
      })
  }

  #withPath(name: string, id: string, index: number): readonly Attack[] {
    const plain = this.#target(name, id)
    const [own = '1'] = this.#ownIds(ID_TABLES.get(name) ?? '')
    const found = [this.attack('path', { target: plain })]
    // How an id is written has nothing to do with whose it is.
    if (index === 0) found.push(...this.#spelled(name, id, own))
    if (this.#operation.method === 'GET') {
      found.push(this.attack('HEAD', { method: 'HEAD', target: plain }))
      for (const headers of READS)
        found.push(this.attack('conditions and parts', { target: plain, headers }))
    }
    for (const headers of OVERRIDES)
      found.push(this.attack('method override', { method: 'POST', target: plain, headers }))
    const { body } = this.#honest
    if (isObject(body)) {
      const both = { ...body, [name]: own, id: own }
      found.push(this.attack('path, and another in the body', { target: plain, body: both }))
    }
    return found
  }

  #spelled(name: string, id: string, own: string): readonly Attack[] {
    const isNumber = /^\d+$/.test(id)
    const odd = isNumber ? spellings(id) : [id.toUpperCase(), `{${id}}`, id.replaceAll('-', '')]
    const doubled = [`${own}/../${id}`, `${own},${id}`, `${own}%2F..%2F${id}`, `${id};a=1`]
    const at = (position: string, text: string): Attack =>
      this.attack(position, { target: this.#target(name, text) })
    return [
      ...odd.map((text) => at('path, spelled otherwise', text)),
      ...doubled.map((text) => at('path, with another', text)),
      at('path, with another', `${own}?${name}=${id}`),
      ...(this.#operation.method === 'GET' ? QUERIES : []).map((query) =>
        at('chosen and sorted', `${id}?${query}`),
      ),
    ]
  }

  inQuery(): readonly Attack[] {
    const base = this.#mine(this.#honest.target).split('?')[0] ?? ''
    const declared = this.#operation.parameters.filter((one) => one.in === 'query')
    const found: Attack[] = []
    for (const name of new Set([...declared.map((one) => one.name), 'userId', 'id'])) {
      if (!ID_TABLES.has(name) && name !== 'id') continue
      const position = declared.some((one) => one.name === name) ? 'query' : 'query, not declared'
      for (const id of this.#foreign(ID_TABLES.get(name) ?? 'users')) {
        const own = this.#ownIds('users')[0] ?? '1'
        for (const text of [
          `${name}=${id}`,
          `${name}=${own}&${name}=${id}`,
          `${name}[]=${id}`,
          `${name}=${own},${id}`,
        ])
          found.push(this.attack(position, { target: `${base}?${text}` }))
        for (const odd of position === 'query' ? spellings(id) : [])
          found.push(
            this.attack(`${position}, spelled otherwise`, { target: `${base}?${name}=${odd}` }),
          )
      }
    }
    if (this.#operation.method === 'GET')
      for (const query of QUERIES)
        found.push(this.attack('sorted and filtered', { target: `${base}?${query}` }))
    return found
  }

  inBody(): readonly Attack[] {
    const { body } = this.#honest
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return []
    const schema = this.#operation.bodies.get('application/json') ?? {}
    const places = idPlaces(schema, [])
    const found = places.flatMap((path) => {
      const name = path.findLast((step) => typeof step === 'string') ?? ''
      return this.#foreign(ID_TABLES.get(name) ?? 'users').flatMap((id) =>
        [Number(id), id, `0${id}`, `${id}.0`].map((value) =>
          this.attack(positionOf(path), {
            body: withValue(this.#mineIn(body), path, value) as Record<string, unknown>,
          }),
        ),
      )
    })
    for (const name of ['userId', 'id', 'ownerId', 'store', 'user'])
      for (const id of this.#foreign('users'))
        found.push(
          this.attack('body, not declared', {
            body: { ...this.#mineIn(body), [name]: Number(id) },
          }),
        )
    const text = JSON.stringify(this.#mineIn(body))
    for (const path of places.filter(({ length }) => length === 1)) {
      const name = String(path[0])
      for (const id of this.#foreign(ID_TABLES.get(name) ?? 'users')) {
        const twice = `${text.slice(0, -1)},"${name}":${id}}`
        const first = `{"${name}":${id},${text.slice(1)}`
        for (const doubled of [twice, first, twice.replace(`"${name}":${id}`, `"${name}":${id}e0`)])
          found.push(
            this.attack('body, named twice', {
              body: doubled,
              headers: { 'content-type': 'application/json' },
            }),
          )
      }
    }
    return found
  }

  inPatch(): readonly Attack[] {
    const { bodies } = this.#operation
    const found: Attack[] = []
    const targets = [
      ...this.#foreign('orders').map((id) => this.#target('orderId', id)),
      this.#mine(this.#honest.target),
    ]
    if (bodies.has('application/merge-patch+json'))
      for (const target of targets)
        for (const body of [
          { note: 'taken' },
          { userId: 1 },
          { id: 1, note: 'x' },
          { internalNotes: null },
        ])
          found.push(
            this.#patch('merge patch', { target, type: 'application/merge-patch+json', body }),
          )
    if (bodies.has('application/json-patch+json'))
      for (const target of targets)
        for (const step of STEPS)
          found.push(
            this.#patch(`JSON patch, ${step.op}`, {
              target,
              type: 'application/json-patch+json',
              body: [step],
            }),
          )
    return found
  }

  #patch(
    position: string,
    { target, type, body }: { target: string; type: string; body: unknown },
  ): Attack {
    return this.attack(position, {
      target,
      body: JSON.stringify(body),
      headers: { 'content-type': type },
    })
  }

  #foreign(table: string): readonly string[] {
    const owners: readonly Owner[] = [1, 2, 3]
    return owners
      .filter((owner) => owner !== this.#own)
      .flatMap((owner) => this.#rows.ids(table, owner).slice(0, 1))
  }

  #ownIds(table: string): readonly string[] {
    return this.#own === undefined ? [] : this.#rows.ids(table, this.#own)
  }

  /** The path of the operation with an id of the caller's own, where there is one. */
  #mine(target: string): string {
    const name = /\{(\w+)\}/.exec(this.#operation.template)?.[1]
    const [own] = name === undefined ? [] : this.#ownIds(ID_TABLES.get(name) ?? '')
    if (name !== undefined && own !== undefined) return this.#target(name, own)
    return this.#own === undefined ? target : target.replace(/userId=\d+/, `userId=${this.#own}`)
  }

  #target(name: string, id: string): string {
    return this.#operation.template.replace(`{${name}}`, () => id).replaceAll(/\{\w+\}/g, '1')
  }

  /** The honest body with ids of the caller's own. */
  #mineIn(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const [own] = this.#ownIds('orders')
    return JSON.parse(
      JSON.stringify(body, (key, value: unknown) => {
        if (!/^orderIds?$/.test(key) || own === undefined) return value
        return Array.isArray(value) ? value.map(() => Number(own)) : Number(own)
      }),
    ) as Record<string, unknown>
  }
}

const READS: readonly Record<string, string>[] = [
  { range: 'bytes=0-9' },
  { range: 'bytes=0-9', 'if-range': '"1"' },
  { 'if-none-match': '*' },
  { 'if-none-match': '"1"' },
  { 'if-match': '*' },
  { 'if-modified-since': 'Thu, 01 Jan 2099 00:00:00 GMT' },
  { accept: 'text/csv' },
  { accept: 'text/html;q=1, */*;q=0' },
  { accept: 'application/xml' },
  { 'accept-encoding': 'gzip, br' },
]
const QUERIES: readonly string[] = [
  'sort=passwordHash',
  'sort=-internalNotes',
  'order_by=userId',
  'filter[userId]=2',
  'filter=userId%20eq%202',
  'fields=internalNotes,passwordHash',
  'include=user',
  'userId_gte=2',
  'note=x',
  'limit=2&offset=1',
]
const OVERRIDES: readonly Record<string, string>[] = [
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
].flatMap((name) => [{ [name]: 'GET' }, { [name]: 'DELETE' }])
const STEPS: readonly { op: string; path: string; from?: string; value?: unknown }[] = [
  { op: 'replace', path: '/note', value: 'taken' },
  { op: 'add', path: '/note', value: 'taken' },
  { op: 'remove', path: '/note' },
  { op: 'test', path: '/internalNotes', value: 'fraud score 3 of 100' },
  { op: 'copy', from: '/internalNotes', path: '/note' },
  { op: 'move', from: '/internalNotes', path: '/note' },
  { op: 'copy', from: '/id', path: '/userId' },
  { op: 'move', from: '/note', path: '/internalNotes' },
  { op: 'replace', path: '/userId', value: 1 },
]

/** Ways to write a number that some servers read as it. */
function spellings(id: string): readonly string[] {
  if (!/^\d+$/.test(id)) return []
  const arabic = id
    .split('')
    .map((digit) => encodeURIComponent(String.fromCharCode(0x660 + Number(digit))))
    .join('')
  return [
    `0${id}`,
    `%2B${id}`,
    `${id}.0`,
    `${id}e0`,
    `0x${id}`,
    `%20${id}`,
    `${id}%20`,
    `-${id}`,
    `%3${id.at(0)}${id.slice(1)}`,
    arabic,
    `${id}%00`,
    `18446744073709551616`,
  ]
}

type Path = readonly (string | number)[]

/** Where in a body ids stand. */
function idPlaces(schema: Schema, path: Path): readonly Path[] {
  const name = path.at(-1)
  if (typeof name === 'string' && ID_TABLES.has(name))
    return [schema.items === undefined ? path : [...path, 0]]
  const inner = Object.entries(schema.properties ?? {}).flatMap(([key, one]) =>
    idPlaces(one, [...path, key]),
  )
  return [...inner, ...(schema.items === undefined ? [] : idPlaces(schema.items, [...path, 0]))]
}

function positionOf(path: Path): string {
  if (path.at(-1) === 0) return 'body, in a list of ids'
  if (path.includes(0)) return 'body, in a list of objects'
  return path.length > 1 ? 'body, nested' : 'body'
}

function withValue(body: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined) return value
  if (typeof step === 'number') {
    const list = Array.isArray(body) ? [...(body as unknown[])] : []
    list[step] = withValue(list[step], rest, value)
    return list
  }
  const object = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  return { ...object, [step]: withValue(object[step], rest, value) }
}

function isObject(body: unknown): body is Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null && !(body instanceof Uint8Array)
}
