import { DatabaseSync } from 'node:sqlite'

/** Who owns a row: the number of a user, or nobody whom a caller could be. */
export type Owner = 1 | 2 | 3 | 'shop'

/** A text that stands in one row, or in one kind of column, alone. */
export interface Canary {
  readonly text: string
  readonly owner: Owner
  readonly table: string
}

const TABLES = ['users', 'orders', 'payments', 'avatars', 'products', 'images'] as const

type Row = Readonly<Record<string, unknown>>

/** The rows of the shop, marked so that each is known wherever it turns up. */
export class ShopRows {
  readonly canaries: readonly Canary[]
  readonly #database: DatabaseSync
  readonly #initial: ReadonlyMap<string, readonly Row[]>
  readonly #owners = new Map<string, Owner>()

  /** @param file of a database that the shop has filled. */
  constructor(file: string) {
    this.#database = new DatabaseSync(file)
    this.canaries = mark(this.#database)
    this.#initial = this.#read()
    for (const [key] of this.#keyed(this.#initial)) this.#owners.set(key, this.#ownerOf(key))
  }

  /** The ids of a table's rows that are of an owner. */
  ids(table: string, owner: Owner): readonly string[] {
    return (this.#initial.get(table) ?? [])
      .map((row) => String(row['id'] ?? row['userId']))
      .filter((id) => this.#owners.get(`${table} ${id}`) === owner)
  }

  /** Rows that are other than they were at first: `table owner`; new rows are of whom they name. */
  changed(): ReadonlySet<string> {
    const now = this.#keyed(this.#read())
    const before = this.#keyed(this.#initial)
    const found = new Set<string>()
    const tableOf = (key: string): string => key.split(' ', 1)[0] ?? ''
    for (const [key, text] of before)
      if (now.get(key) !== text) found.add(`${tableOf(key)} ${this.#ownerOf(key)}`)
    for (const key of now.keys())
      if (!before.has(key)) found.add(`${tableOf(key)} ${this.#newOwnerOf(key)}`)
    return found
  }

  /** Makes everything as it was at first. */
  restore(): void {
    this.#database.exec('BEGIN')
    for (const [table, rows] of this.#initial) {
      this.#database.exec(`DELETE FROM ${table}`)
      for (const row of rows) {
        const names = Object.keys(row)
        this.#database
          .prepare(`INSERT INTO ${table} (${names.join()}) VALUES (${names.map(() => '?').join()})`)
          .run(...(Object.values(row) as string[]))
      }
    }
    this.#database.exec('COMMIT')
  }

  /** Adds rows whose owner is none, or is told in a way that could be taken for one. */
  disown(): void {
    const columns = 'status, items, total, note, shippingAddress, internalNotes, store, createdAt'
    for (const [id, owner] of [
      ['10', 'NULL'],
      ['11', `'1a'`],
    ])
      this.#database.exec(
        `INSERT INTO orders (id, userId, ${columns}) SELECT ${id}, ${owner}, ${columns} FROM orders WHERE id = 5`,
      )
    this.#database
      .exec(`INSERT INTO users (id, name, email, store, createdAt) SELECT 4, name, 'x@shop.example', NULL,
      createdAt FROM users WHERE id = 2`)
    this.#database
      .exec(`INSERT INTO payments SELECT '7d0e2c4a-0b1f-4c55-9a3e-2f6d8b1c0a10', 10, methodType, cardNumber,
      cvc, last4, amount, currency, status, callbackUrl, createdAt FROM payments WHERE orderId = 5`)
  }

  close(): void {
    this.#database.close()
  }

  #read(): ReadonlyMap<string, readonly Row[]> {
    return new Map(
      TABLES.map((table) => [table, this.#database.prepare(`SELECT * FROM ${table}`).all()]),
    )
  }

  #keyed(tables: ReadonlyMap<string, readonly Row[]>): ReadonlyMap<string, string> {
    const found = new Map<string, string>()
    for (const [table, rows] of tables)
      for (const row of rows)
        found.set(`${table} ${String(row['id'] ?? row['userId'])}`, JSON.stringify(row))
    return found
  }

  #ownerOf(key: string): Owner {
    const [table = '', id = ''] = key.split(' ')
    const row = this.#initial.get(table)?.find((one) => String(one['id'] ?? one['userId']) === id)
    return this.#ownerIn(table, row)
  }

  #newOwnerOf(key: string): Owner {
    const [table = '', id = ''] = key.split(' ')
    const name = table === 'avatars' ? 'userId' : 'id'
    const row = this.#database.prepare(`SELECT * FROM ${table} WHERE ${name} = ?`).get(id)
    return this.#ownerIn(table, row)
  }

  #ownerIn(table: string, row: Row | undefined): Owner {
    if (table === 'users') return ownerOf(row?.['id'])
    if (table === 'payments') return this.#ownerIn('orders', this.#order(row?.['orderId']))
    return ownerOf(row?.['userId'])
  }

  #order(id: unknown): Row | undefined {
    return this.#initial.get('orders')?.find((row) => row['id'] === id)
  }
}

function ownerOf(value: unknown): Owner {
  const number = Number(value)
  return number === 1 || number === 2 || number === 3 ? number : 'shop'
}

/** Writes a text of its own into each row, and others into columns that nobody may see. */
function mark(database: DatabaseSync): readonly Canary[] {
  const canaries: Canary[] = []
  const put = (table: string, column: string, { id, owner }: Marking): void => {
    const text = `mark-${table}-${column}-${String(id).slice(-3)}-of-${owner}`
    const key = table === 'avatars' ? 'userId' : 'id'
    const value = column === 'callbackUrl' ? `https://${text}.example/` : text
    database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`).run(value, id)
    canaries.push({ text, owner: HIDDEN.has(column) ? 'shop' : owner, table })
  }
  const owners = new Map<unknown, Owner>()
  for (const { id, userId } of database.prepare('SELECT id, userId FROM orders').all()) {
    owners.set(id, ownerOf(userId))
    for (const column of ['note', 'internalNotes'])
      put('orders', column, { id: Number(id), owner: ownerOf(userId) })
  }
  for (const { id } of database.prepare('SELECT id FROM users').all())
    for (const column of ['name', 'resetToken'])
      put('users', column, { id: Number(id), owner: ownerOf(id) })
  // What logs in stays as it is; each is known by itself.
  for (const { passwordHash } of database.prepare('SELECT passwordHash FROM users').all())
    canaries.push({ text: String(passwordHash), owner: 'shop', table: 'users' })
  for (const orderId of [5, 9])
    database.exec(`INSERT INTO payments SELECT '7d0e2c4a-0b1f-4c55-9a3e-2f6d8b1c0a0${orderId}', ${orderId}, methodType,
      cardNumber, cvc, last4, amount, currency, status, callbackUrl, createdAt FROM payments WHERE orderId = 2`)
  for (const { id, orderId } of database.prepare('SELECT id, orderId FROM payments').all())
    put('payments', 'callbackUrl', { id: String(id), owner: owners.get(orderId) ?? 'shop' })
  for (const userId of [2, 3])
    database.exec(
      `INSERT INTO avatars SELECT ${userId}, mediaType, bytes FROM avatars WHERE userId = 1`,
    )
  for (const { userId } of database.prepare('SELECT userId FROM avatars').all())
    put('avatars', 'bytes', { id: Number(userId), owner: ownerOf(userId) })
  return canaries
}

interface Marking {
  readonly id: number | string
  readonly owner: Owner
}

const HIDDEN: ReadonlySet<string> = new Set(['internalNotes', 'passwordHash', 'resetToken'])
