import type { Proof } from '../../pipeline/proof.ts'

/** Browsers that may still be led to plain HTTP. */
export const proof: Proof = {
  control: 'hsts',
  attacks: [
    {
      id: 'TRN-03',
      name: 'leads a browser back to plain HTTP after any kind of answer',
      run: async (range) => {
        for (const target of ['/public', '/items/1', '/no-such-path']) {
          const request = { target, host: range.namedHost, credential: 'none' }
          const value = (await range.send(request)).header('strict-transport-security') ?? ''
          if (!/^max-age=[1-9]/.test(value)) return true
        }
        return false
      },
    },
    {
      id: 'TRN-03',
      name: 'has the API itself end the promise',
      run: async (range) => {
        const off = ['Content-Type', 'application/json', 'Strict-Transport-Security', 'max-age=0']
        range.sink.answer({ headers: off })
        const answer = await range.send({ target: '/items/1', host: range.namedHost })
        return !/^max-age=[1-9]/.test(answer.header('strict-transport-security') ?? '')
      },
    },
  ],
}
