import type { Proof, ProofRange } from '../../pipeline/proof.ts'

const FOREIGN = 'not-for-this-caller'

/** What a caller sees of a table that the API answers. */
async function seen(range: ProofRange, text: string): Promise<string> {
  range.sink.answer({ headers: ['Content-Type', 'text/csv'], body: text })
  const { status, body } = await range.send({ target: '/owned/table' })
  return status < 400 ? body : ''
}

/** Callers who ask for a table in which other users, hidden columns and formulas stand. */
export const proof: Proof = {
  control: 'tables',
  attacks: [
    {
      id: 'AZN-04',
      name: 'reads rows of other users, of nobody, and behind quotes that do not close',
      run: async (range) => {
        for (const row of [`stranger,${FOREIGN}`, `,${FOREIGN}`, `"prove\n,${FOREIGN}`])
          if ((await seen(range, `ownerId,note\n${row}\n`)).includes(FOREIGN)) return true
        return false
      },
    },
    {
      id: 'AZN-05',
      name: 'reads a column that its role does not see',
      run: async (range) =>
        (await seen(range, `ownerId,salary\nprove,${FOREIGN}\n`)).includes(FOREIGN),
    },
    {
      id: 'OUT-01',
      name: 'reads a column that nobody declared, under one name or two',
      run: async (range) => {
        for (const columns of ['ownerId,margin', 'ownerId,ownerId'])
          if ((await seen(range, `${columns}\nprove,${FOREIGN}\n`)).includes(FOREIGN)) return true
        return false
      },
    },
  ],
}
