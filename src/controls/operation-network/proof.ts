import type { Proof, ProofRange } from '../../pipeline/proof.ts'

const trustedProxies = ['127.0.0.0/8']

/** Good credentials, used from elsewhere. */
export const proof: Proof = {
  control: 'operation-network',
  attacks: [
    {
      id: 'NET-02',
      name: 'uses a role from outside the networks that it is kept to',
      needs: {
        trustedProxies,
        network: { roles: { prover: ['198.51.100.0/24'] } },
      },
      run: async (range) => {
        const { text } = await range.newKey({ roles: ['prover'] })
        return callsFrom(range, '203.0.113.66', text)
      },
    },
    {
      id: 'NET-02',
      name: 'calls an operation from outside the networks that it is kept to',
      needs: {
        trustedProxies,
        network: {
          operation: { addresses: { allow: ['198.51.100.0/24'], deny: [] }, countries: undefined },
        },
      },
      run: (range) => callsFrom(range, '203.0.113.66'),
    },
  ],
}

function callsFrom(range: ProofRange, address: string, credential?: string): Promise<boolean> {
  const headers = ['X-Forwarded-For', address]
  const request = { target: '/items/1', headers }
  return range.passes(credential === undefined ? request : { ...request, credential })
}
