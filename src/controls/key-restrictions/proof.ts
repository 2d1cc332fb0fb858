import type { Proof, ProofKeyOptions, ProofRange } from '../../pipeline/proof.ts'

const PAGE = 'https://app.prove.sallyport.test'

/** A good key in the wrong hands. */
export const proof: Proof = {
  control: 'key-restrictions',
  attacks: [
    {
      id: 'KEY-06',
      name: 'uses a key outside the network it is bound to',
      run: (range) => misuses(range, { cidrs: ['203.0.113.0/24'] }),
    },
    {
      id: 'KEY-03',
      name: 'uses a key for an operation that it was not made for',
      run: (range) => misuses(range, { operations: ['proveGranted'] }),
    },
    {
      id: 'KEY-06',
      name: 'uses a page’s key from another page, or from none',
      run: async (range) =>
        (await misuses(range, { kind: 'pk', origins: [PAGE] })) ||
        misuses(range, { kind: 'pk', origins: [PAGE] }, ['Origin', `${PAGE}.evil.example`]),
    },
    {
      id: 'KEY-06',
      name: 'ships a secret key in a page',
      run: async (range) =>
        (await misuses(range, {}, ['Origin', PAGE])) ||
        misuses(range, {}, ['Sec-Fetch-Site', 'cross-site']),
    },
  ],
}

async function misuses(
  range: ProofRange,
  options: ProofKeyOptions,
  headers: readonly string[] = [],
): Promise<boolean> {
  const { text } = await range.newKey(options)
  return range.passes({ target: '/items/1', credential: text, headers })
}
