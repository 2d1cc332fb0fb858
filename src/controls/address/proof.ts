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
      name: 'a stranger claims another address, for limits, logs and the API to believe',
      run: (range) => believed(range, [[FORGED], [FORGED, '127.0.0.1'], [FORGED, FORGED]]),
    },
    {
      id: 'NET-01',
      name: 'a client behind a trusted proxy prepends a forged address to its own',
      needs: { trustedProxies: ['127.0.0.0/8', '203.0.113.0/24'] },
      run: (range) =>
        believed(range, [
          [FORGED, '198.51.100.7'],
          [FORGED, '198.51.100.7', '203.0.113.1'],
        ]),
    },
  ],
}

const FORGED = '192.0.2.66'

/** Whether the gateway takes the forged address of any of the lists for the client's: it tells the API whom it sees. */
async function believed(
  range: ProofRange,
  lists: readonly (readonly string[])[],
): Promise<boolean> {
  for (const list of lists) {
    const forwarded = list.map((address) => `for=${address}`).join(', ')
    const headers = ['X-Forwarded-For', list.join(', '), 'Forwarded', forwarded]
    await range.send({ target: '/items/1', headers })
  }
  return range.sink.received().some(({ headers }) => {
    const at = headers.findIndex((name) => name.toLowerCase() === 'x-forwarded-for')
    return at >= 0 && headers[at + 1] === FORGED
  })
}
