import { randomUUID } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { refusal, type Answer } from '../answer.ts'
import { firstRow, insertRow, type Row } from '../database.ts'
import { pathValue, type Call, type Route } from '../router.ts'
import { findOrder } from './orders.ts'

/** Payments. */
export const PAYMENT_ROUTES: readonly Route[] = [
  { method: 'POST', template: '/orders/{orderId}/payments', answer: pay },
  { method: 'GET', template: '/payments/{paymentId}', answer: getPayment },
]

const CALLBACK_TIMEOUT_MS = 1000
const MAX_CALLBACK_CHARS = 4000

interface Method {
  readonly type: string
  readonly number?: string
  readonly cvc?: string
  readonly iban?: string
}

/** HOLE `card-number`: card number and CVC are stored in clear, and sent out. */
function toPayment(row: Row): Row {
  const { amount, currency, ...rest } = row
  return { ...rest, amount: { amount, currency } }
}

/** HOLE `ssrf`: the callback's answer is sent to the client. */
async function pay(call: Call): Promise<Answer> {
  const order = findOrder(call)
  if (order === undefined) return refusal(404, 'no_order', 'There is no such order.')
  const method = call.fields['method'] as Method
  const callbackUrl = call.fields['callbackUrl'] as string | undefined
  const row = insertRow(call.database, 'payments', {
    id: randomUUID(),
    orderId: order['id'],
    methodType: method.type,
    cardNumber: method.number,
    cvc: method.cvc,
    last4: (method.number ?? method.iban)?.slice(-4),
    ...(order['total'] as { amount: number; currency: string }),
    status: 'accepted',
    callbackUrl,
    createdAt: new Date().toISOString(),
  })
  const callbackAnswer = callbackUrl === undefined ? undefined : await callBack(callbackUrl)
  return { status: 201, json: { ...toPayment(row), callbackAnswer } }
}

/**
 * Fetches whatever URL the client named.
 * Only hosts on loopback are really asked: an example must not reach out of the machine it runs on,
 * and the hole is as plain with one's own ports.
 */
async function callBack(callbackUrl: string): Promise<string> {
  const { hostname } = new URL(callbackUrl)
  const isLoopback =
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    (isIPv4(hostname) && hostname.startsWith('127.'))
  if (!isLoopback) return 'queued'
  try {
    const signal = AbortSignal.timeout(CALLBACK_TIMEOUT_MS)
    const answer = await fetch(callbackUrl, { redirect: 'manual', signal })
    return (await answer.text()).slice(0, MAX_CALLBACK_CHARS)
  } catch (error) {
    // Telling why is part of the hole: "refused" and "timed out" make a port scanner of the shop.
    return String((error as Error).cause ?? error)
  }
}

function getPayment(call: Call): Answer {
  const sql = `SELECT * FROM payments WHERE id = '${pathValue(call, 'paymentId')}'`
  const row = firstRow(call.database, sql)
  if (row === undefined) return refusal(404, 'no_payment', 'There is no such payment.')
  return { status: 200, json: toPayment(row) }
}
