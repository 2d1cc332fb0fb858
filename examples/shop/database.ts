import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'

/** A row as SQLite gives it; columns named in `JSON_COLUMNS` are already parsed. */
export type Row = Readonly<Record<string, unknown>>

/** Columns that hold JSON text. */
const JSON_COLUMNS = ['address', 'price', 'costPrice', 'tags', 'items', 'total', 'shippingAddress']

const TABLES = `
  CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE, phone TEXT,
    address TEXT, passwordHash TEXT, resetToken TEXT, isAdmin INTEGER DEFAULT 0,
    store TEXT DEFAULT 'north', createdAt TEXT);
  CREATE TABLE IF NOT EXISTS products (id INTEGER PRIMARY KEY, sku TEXT, name TEXT, description TEXT,
    category TEXT, price TEXT, costPrice TEXT, stock INTEGER, rating REAL, tags TEXT);
  CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, userId INTEGER, status TEXT, items TEXT,
    total TEXT, note TEXT, shippingAddress TEXT, internalNotes TEXT,
    store TEXT DEFAULT 'north', createdAt TEXT);
  CREATE TABLE IF NOT EXISTS payments (id TEXT PRIMARY KEY, orderId INTEGER, methodType TEXT,
    cardNumber TEXT, cvc TEXT, last4 TEXT, amount INTEGER, currency TEXT, status TEXT,
    callbackUrl TEXT, createdAt TEXT);
  CREATE TABLE IF NOT EXISTS avatars (userId INTEGER PRIMARY KEY, mediaType TEXT, bytes BLOB);
  CREATE TABLE IF NOT EXISTS images (id INTEGER PRIMARY KEY, productId INTEGER, fileName TEXT,
    caption TEXT, bytes BLOB);
  CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, email TEXT, subject TEXT, message TEXT);
`

/** Opens `path` (a file or `:memory:`) and makes the tables that are missing. */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec(TABLES)
  return database
}

/**
 * Runs the text of one statement and gives its rows.
 * Callers build `sql` by string: HOLE `sql-error`: an exception carries that text along.
 */
export function runSql(database: DatabaseSync, sql: string): readonly Row[] {
  try {
    return database.prepare(sql).all().map(parseColumns)
  } catch (error) {
    const { message } = error as Error
    throw Object.assign(new Error(`SQLite: ${message} in "${sql}"`, { cause: error }), { sql })
  }
}

/** The first row of `sql`, or `undefined`. */
export function firstRow(database: DatabaseSync, sql: string): Row | undefined {
  return runSql(database, sql)[0]
}

function parseColumns(row: Record<string, SQLOutputValue>): Row {
  const parsed: Record<string, unknown> = { ...row }
  for (const name of JSON_COLUMNS) {
    const text = row[name]
    if (typeof text === 'string') parsed[name] = JSON.parse(text)
  }
  return parsed
}

/** A value as SQL text: JSON for objects, quotes doubled in strings. */
export function literal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'number') return String(value)
  if (typeof value === 'boolean') return value ? '1' : '0'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `'${text.replaceAll("'", "''")}'`
}

/** Inserts every field of `fields`, whatever they are called, and gives the row back. */
export function insertRow(database: DatabaseSync, table: string, fields: Row): Row {
  const names = Object.keys(fields).join(', ')
  const values = Object.values(fields).map(literal).join(', ')
  const row = firstRow(database, `INSERT INTO ${table} (${names}) VALUES (${values}) RETURNING *`)
  if (row === undefined) throw new Error(`no row came back from ${table}`)
  return row
}

/** Sets every field of `fields` on row `id` as it came in the path; gives the row back. */
export function updateRow(
  database: DatabaseSync,
  target: { readonly table: string; readonly id: string },
  fields: Row,
): Row | undefined {
  const changes = Object.entries(fields).map(([name, value]) => `${name} = ${literal(value)}`)
  return firstRow(
    database,
    `UPDATE ${target.table} SET ${changes.join(', ')} WHERE id = ${target.id} RETURNING *`,
  )
}
