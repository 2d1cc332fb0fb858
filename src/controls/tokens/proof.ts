import type { Proof } from '../../pipeline/proof.ts'

/** Tokens that come back from somebody for whom none is opened. */
export const proof: Proof = {
  control: 'tokens',
  attacks: [
    {
      id: 'OUT-03',
      name: 'stores a token in place of the value, at the top and in a list, and one that it made up',
      needs: { tokens: { 'Account.note': { form: 'siv', read: [], open: [] } } },
      run: async (range) => {
        range.sink.answer({ body: JSON.stringify({ note: 'the value' }) })
        const { body } = await range.send({ target: '/accounts/1' })
        const token = /tok_[\w-]+/.exec(body)?.[0] ?? 'tok_1_AAAAAAAAAAAAAAAAAAAAAAAA'
        const bodies = [
          { note: token },
          { others: [{ note: token }] },
          { note: 'tok_1_AAAAAAAAAAAAAAAAAAAAAAAA' },
        ]
        return range.anyPasses(
          bodies.map((put) => ({ method: 'PUT', target: '/accounts/1', body: put })),
        )
      },
    },
  ],
}
