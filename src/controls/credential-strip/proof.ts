import type { Proof, ProofRequest, ProofRange } from '../../pipeline/proof.ts'

/** An API, or its log, that collects its callers' credentials. */
export const proof: Proof = {
  control: 'credential-strip',
  attacks: [
    {
      id: 'TOK-10',
      name: 'a curious API reads its callers’ keys',
      run: async (range) => {
        const { text } = await range.newKey()
        return (
          (await shows(range, text, { target: '/items/1', credential: text })) ||
          shows(range, text, bearer('/items/1', text))
        )
      },
    },
    {
      id: 'TOK-10',
      name: 'a curious API reads its callers’ tokens, good at other APIs too',
      run: (range) => {
        const token = range.token()
        return shows(range, token, bearer('/token', token))
      },
    },
    {
      id: 'TOK-10',
      name: 'a curious API reads cookies that nobody declared',
      run: (range) =>
        shows(range, 'of-another-app', {
          target: '/items/1',
          headers: ['Cookie', 'other_session=of-another-app'],
        }),
    },
  ],
}

function bearer(target: string, text: string): ProofRequest {
  return { target, credential: 'none', headers: ['Authorization', `Bearer ${text}`] }
}

/** Whether the API gets to see a secret. */
async function shows(range: ProofRange, secret: string, request: ProofRequest): Promise<boolean> {
  await range.send(request)
  return range.sink.received().some(({ headers }) => headers.some((text) => text.includes(secret)))
}
