import type { Proof } from '../../pipeline/proof.ts'

const TOKENS = {
  tokens: {
    'Account.note': { form: 'siv', read: [], open: [], parameters: ['proveName.path.name'] },
  },
} as const

/** Callers who know a value that they were never shown, or send a token that is not opened for them. */
export const proof: Proof = {
  control: 'token-parameters',
  attacks: [
    {
      id: 'OUT-03',
      name: 'asks by values that it was only ever shown as tokens, one after another',
      needs: TOKENS,
      run: (range) =>
        range.anyPasses(
          ['078-05-1120', '078-05-1121'].map((value) => ({ target: `/names/${value}` })),
        ),
    },
    {
      id: 'OUT-03',
      name: 'asks with a token that is opened for others only, and with one that it made up',
      needs: TOKENS,
      run: async (range) => {
        range.sink.answer({ body: JSON.stringify({ note: 'the value' }) })
        const { body } = await range.send({ target: '/accounts/1' })
        const token = /tok_[\w-]+/.exec(body)?.[0] ?? 'tok_1_AAAAAAAAAAAAAAAAAAAAAAAA'
        return range.anyPasses([
          { target: `/names/${token}` },
          { target: '/names/tok_1_AAAAAAAAAAAAAAAAAAAAAAAA' },
        ])
      },
    },
  ],
}
