import type { Proof, ProofRange } from '../../pipeline/proof.ts'

const OWN_ACCOUNT = {
  conditions: { proveAccount: 'lookup("accountOwner", string(path.accountId)) == subject.id' },
  lookups: {
    accountOwner: {
      source: { kind: 'operation', operation: 'proveAccount', member: ['ownerId'] },
      cacheMs: 30_000,
      missMs: 5000,
      timeoutMs: 2000,
    },
  },
} as const

/** Whether the caller sees an account whose owner is, from here on, this one. */
async function sees(range: ProofRange, accountId: number, ownerId: string): Promise<boolean> {
  const body = JSON.stringify({ ownerId, note: ownerId })
  range.sink.answer({ headers: ['Content-Type', 'application/json'], body })
  return (await range.send({ target: `/accounts/${accountId}` })).status < 400
}

/** Somebody who lost an object and asks for it once more. */
export const proof: Proof = {
  control: 'lookups',
  attacks: [
    {
      id: 'AZN-04',
      name: 'reads an account after it was handed to another user',
      needs: OWN_ACCOUNT,
      run: async (range) => {
        if (!(await sees(range, 7, 'prove'))) throw new Error('the owner does not see it')
        const handed = { method: 'PUT', target: '/accounts/7', body: { note: 'x' } }
        await range.send(handed)
        return sees(range, 7, 'stranger')
      },
    },
  ],
}
