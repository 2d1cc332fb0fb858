import { addressKey } from '../../base/cidr.ts'
import type { Proof, ProofRange } from '../../pipeline/proof.ts'

/** Forged addresses: who may say where a request came from. */
export const proof: Proof = {
  control: 'address',
  // As most frameworks do once "trust proxy" is switched on: the first address of the list is believed.
  naive: (exchange) => {
    const { head } = exchange
    const claimed = head.headers.get('x-forwarded-for')?.split(',')[0]?.trim()
    exchange.isSecure = head.tls !== undefined
    exchange.clientAddress = claimed ?? head.peerAddress
    exchange.clientKey = addressKey(exchange.clientAddress)
  },
  attacks: [
    {
      id: 'NET-01',
      name: 'a stranger escapes the limit per address with a forged X-Forwarded-For',
      needs: { trustedProxies: [] },
      run: (range) => escapes(range, (forged) => forged),
    },
    {
      id: 'NET-01',
      name: 'a client behind a trusted proxy prepends forged addresses to its own',
      needs: { trustedProxies: ['127.0.0.0/8'] },
      run: (range) => escapes(range, (forged) => `${forged}, 203.0.113.77`),
    },
  ],
}

/** Whether a flood whose every request claims another address is never stopped. */
async function escapes(range: ProofRange, list: (forged: string) => string): Promise<boolean> {
  const burst = range.limits.ip?.burst ?? 100
  for (let n = 0; n < 2 * burst + 50; n += 1) {
    const forged = list(`198.51.${100 + Math.floor(n / 250)}.${n % 250}`)
    // A method that is not declared: refused cheaply, and counted by no limit but the one per address.
    const headers = ['X-Forwarded-For', forged, 'Forwarded', forwarded(forged)]
    const answer = await range.send({ method: 'DELETE', target: '/public', headers })
    if (answer.status === 429) return false
  }
  return true
}

function forwarded(list: string): string {
  return list
    .split(', ')
    .map((address) => `for=${address}`)
    .join(', ')
}
