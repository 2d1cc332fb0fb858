import type { HijackPolicy } from '../../pipeline/detect-policy.ts'
import type { Proof, ProofNeeds, ProofRange, ProofRequest } from '../../pipeline/proof.ts'

const HIJACK: HijackPolicy = {
  response: 'kill',
  travel: undefined,
  vpn: [],
  fingerprint: 'x-test-ja4',
}

/** A proxy in front ends TLS, so that the range can tell where its clients are and what they look like. */
function needsOf(hijack: Partial<HijackPolicy>): ProofNeeds {
  return { trustedProxies: ['127.0.0.0/8'], detect: { hijack: { ...HIJACK, ...hijack } } }
}

const AGENT = 'shop-sync/1.4'
const DESKTOP = 't13d1516h2_8daaf6152771'
const SCRIPT = 't13d3112h2_e8f1e7e78f70'
/** One of a broadcaster's in Hamburg, one of a carrier's in Sydney. */
const GERMANY = '193.99.144.80'
const AUSTRALIA = '139.130.4.5'

interface Client {
  readonly address: string
  readonly agent?: string
  readonly fingerprint?: string
}

function by(credential: string, { address, agent = AGENT, fingerprint }: Client): ProofRequest {
  const told = fingerprint === undefined ? [] : ['X-Test-JA4', fingerprint]
  const headers = ['X-Forwarded-For', address, 'User-Agent', agent, ...told]
  return { target: '/items/1', headers, credential }
}

/** The owner uses a key, also from elsewhere in its network; whether the thief gets through after that. */
async function steals(range: ProofRange, owner: Client, thief: Client): Promise<boolean> {
  const { text } = await range.newKey()
  await range.send(by(text, owner))
  // An update and another address of the network are the same client.
  const address = owner.address.replace(/\.\d+$/, '.9')
  const own = await range.passes(by(text, { ...owner, address, agent: 'shop-sync/1.5' }))
  return !own || range.passes(by(text, thief))
}

/** Credentials in the hands of somebody else. */
export const proof: Proof = {
  control: 'hijack',
  attacks: [
    {
      id: 'SES-08',
      name: 'uses a stolen key from another network, with another program',
      needs: needsOf({}),
      run: (range) =>
        steals(
          range,
          { address: '198.51.100.7' },
          { address: '203.0.113.66', agent: 'curl/8.5.0' },
        ),
    },
    {
      id: 'SES-08',
      name: 'uses a stolen key from another network and takes the name of its program, but not its TLS',
      needs: needsOf({}),
      run: (range) =>
        steals(
          range,
          { address: '198.51.100.7', fingerprint: DESKTOP },
          { address: '203.0.113.66', fingerprint: SCRIPT },
        ),
    },
    {
      id: 'SES-08',
      name: 'uses a stolen key on the other side of the earth a moment after its owner, with the same program',
      needs: needsOf({ travel: 'kill' }),
      run: (range) => steals(range, { address: GERMANY }, { address: AUSTRALIA }),
    },
    {
      id: 'KEY-06',
      name: 'tries a stolen key from many networks until one is among those of the key',
      needs: needsOf({}),
      run: async (range) => {
        const { text } = await range.newKey({ cidrs: ['198.51.100.0/24'] })
        for (let n = 1; n <= 8; n += 1) await range.send(by(text, { address: `203.0.113.${n}` }))
        return range.passes(by(text, { address: '198.51.100.7' }))
      },
    },
  ],
}
