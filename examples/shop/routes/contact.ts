import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from '../answer.ts'
import { firstRow, insertRow } from '../database.ts'
import type { Call, Route } from '../router.ts'

/** The contact form and the stream of ticks. */
export const CONTACT_ROUTES: readonly Route[] = [
  { method: 'POST', template: '/contact', answer: contact },
  { method: 'GET', template: '/events', answer: streamEvents },
]

const TICK_MS = 200

function contact({ fields, database }: Call): Answer {
  const { email, subject, message } = fields
  const row = insertRow(database, 'messages', { email, subject, message })
  return { status: 202, json: { ticket: `T-${String(row['id']).padStart(6, '0')}` } }
}

function streamEvents({ query, database }: Call): Answer {
  const count = Number(query.get('count') ?? '5')
  async function* ticks(signal: AbortSignal): AsyncGenerator<string> {
    for (let tick = 1; tick <= count; tick++) {
      await sleep(TICK_MS, undefined, { signal })
      const orders = firstRow(database, 'SELECT count(*) AS orders FROM orders')?.['orders']
      yield `id: ${tick}\nevent: tick\ndata: ${JSON.stringify({ tick, orders })}\n\n`
    }
  }
  const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }
  return { status: 200, headers, stream: ticks }
}
