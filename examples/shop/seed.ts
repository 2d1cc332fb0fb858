import type { DatabaseSync } from 'node:sqlite'
import { firstRow, insertRow } from './database.ts'
import { hashPassword } from './password.ts'

/** A user who exists from the start, with the password that logs in. */
export interface SeedUser {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly password: string
  readonly isAdmin: boolean
}

/** Two customers and an administrator. */
export const SEED_USERS: Readonly<Record<'alice' | 'bob' | 'carol', SeedUser>> = {
  alice: {
    id: 1,
    name: 'Alice Archer',
    email: 'alice@shop.example',
    password: 'alice-loves-tea',
    isAdmin: false,
  },
  bob: {
    id: 2,
    name: 'Bob Baker',
    email: 'bob@shop.example',
    password: 'bob-bakes-bread',
    isAdmin: false,
  },
  carol: {
    id: 3,
    name: 'Carol Chief',
    email: 'carol@shop.example',
    password: 'carol-counts-cash',
    isAdmin: true,
  },
}

/** `sku | name | category | price in cents | stock | tags` */
const PRODUCTS = `
BK-0001 | The Long Way Home | books | 1290 | 40 | novel
BK-0002 | Bread and Patience | books | 2490 | 12 | cooking,baking
BK-0003 | Knots for Sailors | books | 1850 | 7 | craft
KT-0001 | Tea Kettle | kitchen | 4990 | 15 | steel
KT-0002 | Bread Knife | kitchen | 3200 | 22 | steel,baking
KT-0003 | Salt & Pepper Mill | kitchen | 2750 | 30 | wood
GD-0001 | Watering Can | garden | 1999 | 18 | zinc
GD-0002 | Pruning Shears | garden | 3490 | 9 | steel
GD-0003 | Tulip Bulbs | garden | 799 | 120 | spring
TY-0001 | Wooden Train | toys | 4500 | 11 | wood
TY-0002 | Kite No. 7 | toys | 2200 | 16 | outdoor
TY-0003 | Marble Run | toys | 5900 | 5 | wood,steel
`

/** `userId | status | day of January 2026 | productId x quantity, ... | note` */
const ORDERS = `
1 | shipped | 03 | 1x1,4x1 | Please ring twice
1 | paid | 09 | 9x10 |
1 | open | 17 | 2x1 | A gift: no invoice in the box
1 | open | 21 | 12x1,11x2 |
2 | shipped | 04 | 5x1,2x1 |
2 | paid | 11 | 8x1 | Leave it with the neighbor
2 | open | 18 | 6x2 |
2 | open | 25 | 7x1,9x5 |
3 | paid | 28 | 3x4 | For the office
`

const ADDRESS = { street: '1 Harbor Road', city: 'Rotterdam', postalCode: '3011 AA', country: 'NL' }

/** A picture of one pixel. */
const PIXEL_PNG_BASE64 =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** The id of a payment that exists from the start (order 2, by card). */
export const SEED_PAYMENT_ID = '7d0e2c4a-0b1f-4c55-9a3e-2f6d8b1c0a01'

/** Fills an empty database, always with the same rows; leaves any other as it is. */
export function seed(database: DatabaseSync): void {
  if (firstRow(database, 'SELECT id FROM users') !== undefined) return
  database.exec('BEGIN')
  for (const user of Object.values(SEED_USERS)) addUser(database, user)
  for (const line of linesOf(PRODUCTS)) addProduct(database, line)
  for (const line of linesOf(ORDERS)) addOrder(database, line)
  addPayment(database)
  database
    .prepare('INSERT INTO avatars (userId, mediaType, bytes) VALUES (1, ?, ?)')
    .run('image/png', Buffer.from(PIXEL_PNG_BASE64, 'base64'))
  database.exec('COMMIT')
}

function linesOf(table: string): readonly string[][] {
  return table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
}

function addUser(database: DatabaseSync, user: SeedUser): void {
  insertRow(database, 'users', {
    id: user.id,
    name: user.name,
    email: user.email,
    phone: `+3110000000${user.id}`,
    address: ADDRESS,
    passwordHash: hashPassword(user.password),
    resetToken: `reset-${user.email}`,
    isAdmin: user.isAdmin,
    createdAt: `2025-12-0${user.id}T09:00:00.000Z`,
  })
}

function addProduct(database: DatabaseSync, cells: readonly string[]): void {
  const [sku, name, category, price, stock, tags = ''] = cells
  insertRow(database, 'products', {
    sku,
    name,
    description: `${name}, in stock in Rotterdam.`,
    category,
    price: { amount: Number(price), currency: 'EUR' },
    costPrice: { amount: Math.round(Number(price) * 0.4), currency: 'EUR' },
    stock: Number(stock),
    rating: 4.5,
    tags: tags.split(','),
  })
}

function addOrder(database: DatabaseSync, cells: readonly string[]): void {
  const [userId, status, day, basket = '', note] = cells
  const items = basket.split(',').map((entry) => {
    const [productId, quantity] = entry.split('x').map(Number)
    const product = firstRow(database, `SELECT price FROM products WHERE id = ${productId}`)
    return { productId, quantity, unitPrice: product?.['price'] as { amount: number } }
  })
  const amount = items.reduce((sum, item) => sum + item.unitPrice.amount * (item.quantity ?? 0), 0)
  insertRow(database, 'orders', {
    userId: Number(userId),
    status,
    items,
    total: { amount, currency: 'EUR' },
    note: note === '' ? null : note,
    shippingAddress: ADDRESS,
    internalNotes: `fraud score ${Number(day)} of 100`,
    createdAt: `2026-01-${day}T10:00:00.000Z`,
  })
}

function addPayment(database: DatabaseSync): void {
  insertRow(database, 'payments', {
    id: SEED_PAYMENT_ID,
    orderId: 2,
    methodType: 'card',
    cardNumber: '4111111111111111',
    cvc: '123',
    last4: '1111',
    amount: 7990,
    currency: 'EUR',
    status: 'accepted',
    callbackUrl: null,
    createdAt: '2026-01-09T10:05:00.000Z',
  })
}
