import type { Proof, ProofRange, ProofRequest } from '../../pipeline/proof.ts'

const trustedProxies = ['127.0.0.0/8']
const needs = { trustedProxies, detect: { hijack: 'kill' } } as const

function from(address: string, agent: string, credential: string): ProofRequest {
  const headers = ['X-Forwarded-For', address, 'User-Agent', agent]
  return { target: '/items/1', headers, credential }
}

async function steals(range: ProofRange): Promise<boolean> {
  const { text } = await range.newKey()
  await range.send(from('198.51.100.7', 'shop-sync/1.4', text))
  // An update and another address of the network are the same client.
  const own = await range.passes(from('198.51.100.9', 'shop-sync/1.5', text))
  return !own || range.passes(from('203.0.113.66', 'curl/8.5.0', text))
}

/** Credentials in the hands of somebody else. */
export const proof: Proof = {
  control: 'hijack',
  attacks: [
    {
      id: 'SES-08',
      name: 'uses a stolen key from another network, with another program',
      needs,
      run: steals,
    },
    {
      id: 'KEY-06',
      name: 'tries a stolen key from many networks until one is among those of the key',
      needs,
      run: async (range) => {
        const { text } = await range.newKey({ cidrs: ['198.51.100.0/24'] })
        const agent = 'shop-sync/1.4'
        for (let n = 1; n <= 8; n += 1) await range.send(from(`203.0.113.${n}`, agent, text))
        return range.passes(from('198.51.100.7', agent, text))
      },
    },
  ],
}
