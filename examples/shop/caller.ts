import type { IncomingHttpHeaders } from 'node:http'
import type { DatabaseSync } from 'node:sqlite'
import { firstRow, literal, type Row } from './database.ts'
import { subjectOf } from './token.ts'

/** HOLE `no-credential`: a request without any credential may do what a customer may. */
const GUEST: Row = {
  id: 0,
  name: 'Guest',
  email: 'guest@shop.example',
  phone: null,
  address: null,
  passwordHash: '',
  resetToken: null,
  isAdmin: 0,
  store: 'north',
  createdAt: '2026-01-01T00:00:00.000Z',
}

/** Who is calling by the word of a gateway that was checked: the user it names, else the guest. */
export function userOf(subject: string | undefined, database: DatabaseSync): Row {
  if (subject === undefined) return GUEST
  return firstRow(database, `SELECT * FROM users WHERE id = ${literal(subject)}`) ?? GUEST
}

/**
 * Who is calling: the token's subject, else the header `X-User-Id`, else the guest.
 * HOLE `internal-header`: a header made for other services is believed from everybody.
 */
export function identify(headers: IncomingHttpHeaders, database: DatabaseSync): Row {
  const id = subjectOf(headers.authorization) ?? headers['x-user-id']
  return userOf(id === undefined ? undefined : String(id), database)
}
