import type { Proof, ProofRange } from '../../pipeline/proof.ts'

const BAD = '203.0.113.66'
/** The same, as a network without IPv4 writes it. */
const BAD_BY_NAT64 = '64:ff9b::cb00:7142'
/** A public address that databases place in the United States. */
const PLACED = '8.8.8.8'

const trustedProxies = ['127.0.0.0/8']

/** Callers from where nobody may call. */
export const proof: Proof = {
  control: 'network',
  attacks: [
    {
      id: 'NET-02',
      name: 'calls with a good key from a network that is refused',
      needs: { trustedProxies, network: { addresses: { allow: [], deny: ['203.0.113.0/24'] } } },
      run: async (range) => (await callsFrom(range, BAD)) || callsFrom(range, BAD_BY_NAT64),
    },
    {
      id: 'NET-02',
      name: 'calls with a good key from outside the networks that are let in',
      needs: {
        trustedProxies,
        network: { addresses: { allow: ['198.51.100.0/24'], deny: ['198.51.100.66'] } },
      },
      run: async (range) => (await callsFrom(range, BAD)) || callsFrom(range, '198.51.100.66'),
    },
    {
      id: 'NET-02',
      name: 'calls from an address that a list of bad ones names',
      needs: {
        trustedProxies,
        network: { lists: [{ name: 'bad', action: 'deny', addresses: [BAD] }] },
      },
      run: (range) => callsFrom(range, BAD),
    },
    {
      id: 'NET-03',
      name: 'calls from a country that is refused, or that nobody knows',
      needs: {
        trustedProxies,
        network: {
          countries: { allow: ['CH'], deny: ['US'], onMissing: 'deny', status: 403 },
        },
      },
      run: async (range) => (await callsFrom(range, PLACED)) || callsFrom(range, BAD),
    },
  ],
}

function callsFrom(range: ProofRange, address: string): Promise<boolean> {
  return range.passes({ target: '/items/1', headers: ['X-Forwarded-For', address] })
}
