import type { Proof, ProofNeeds } from '../../pipeline/proof.ts'

const NEEDS: ProofNeeds = {
  operationLimits: {
    proveLimited: {
      rate: { count: 3, windowMs: 60_000, burst: 3 },
      by: [{ from: 'body', name: 'email' }],
      cost: 1,
    },
  },
}

const FLOW: ProofNeeds = {
  operationLimits: {
    proveLimited: {
      rate: undefined,
      by: [],
      cost: 1,
      flows: [
        {
          rate: { count: 5, windowMs: 900_000, burst: 5 },
          by: [{ from: 'body', name: 'email' }],
        },
      ],
    },
  },
}

/** Too many calls of one operation, spread so that no other limit sees them. */
export const proof: Proof = {
  control: 'operation-limit',
  attacks: [
    {
      id: 'RLM-02',
      name: 'calls an operation for one account from many addresses, with many keys and spellings',
      needs: NEEDS,
      run: async (range) => {
        // Three of each spelling: only who sees one account in them counts more than the limit.
        for (let n = 0; n < 9; n += 1) {
          const { text } = await range.newKey()
          const email = ['a@prove.test', 'A@PROVE.test', ' a@prove.test '][n % 3]
          const call = { method: 'POST', target: '/limited', body: { email } }
          const from = range.address(1 + n)
          if ((await range.send({ ...call, credential: text, from })).status === 429) return false
        }
        return true
      },
    },
    {
      id: 'RLM-05',
      name: 'tries codes for one number, a few from each of many addresses',
      needs: FLOW,
      run: async (range) => {
        for (let n = 0; n < 12; n += 1) {
          const { text } = await range.newKey()
          const call = { method: 'POST', target: '/limited', body: { email: 'b@prove.test' } }
          const from = range.address(60 + n)
          if ((await range.send({ ...call, credential: text, from })).status === 429) return false
        }
        return true
      },
    },
  ],
}
