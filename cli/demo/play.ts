import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import type { DemoRange } from './range.ts'
import type { Try } from './tries.ts'

/** One try, on both sides. */
export interface Played {
  readonly title: string
  readonly call: string
  readonly shop: { readonly status: number; readonly shows: boolean }
  readonly gateway: { readonly status: number; readonly shows: boolean }
}

/** Sends a try to the shop itself and through the gateway. */
export async function play(one: Try, range: DemoRange): Promise<Played> {
  const ca = readFileSync(range.caFile, 'utf8')
  const agent = new Agent({ connect: { ca } })
  try {
    const shop = await send(one, range.shop.url, range, agent)
    const gateway = await send(one, range.gatewayUrl, range, agent)
    return { title: one.title, call: `${one.method} ${one.target}`, shop, gateway }
  } finally {
    await agent.close()
  }
}

async function send(
  one: Try,
  base: string,
  range: DemoRange,
  dispatcher: Agent,
): Promise<{ readonly status: number; readonly shows: boolean }> {
  let status = 0
  let text = ''
  for (let time = 0; time < (one.times ?? 1); time += 1) {
    const answer = await request(base + one.target, {
      method: one.method,
      dispatcher,
      headers: headersOf(one, range),
      ...(one.json === undefined ? {} : { body: one.json }),
    })
    status = answer.statusCode
    text = await answer.body.text()
  }
  return { status, shows: text.includes(one.shows) }
}

function headersOf(one: Try, range: DemoRange): Record<string, string> {
  const type = one.json === undefined ? {} : { 'content-type': 'application/json' }
  switch (one.as) {
    case 'key':
      return { ...type, 'x-api-key': range.key }
    case 'nobody':
      return type
    default:
      return { ...type, authorization: `Bearer ${range.tokens[one.as]}` }
  }
}

/** Whether a try went as it should: attacks work on the shop and not through the gateway, honest calls on both. */
export function isAsExpected(one: Try, played: Played, kind: 'attack' | 'honest'): boolean {
  if (played.gateway.status !== one.expected) return false
  if (kind === 'honest') return played.shop.shows && played.gateway.shows
  // A flood shows in the statuses: the shop answers every guess, the gateway stops answering.
  if (one.expected === 429) return played.shop.status !== 429
  return played.shop.shows && !played.gateway.shows
}
