import type { Proof, ProofRange } from '../../pipeline/proof.ts'

const MINUTE_MS = 60_000
const many = { count: 1000, windowMs: 5 * MINUTE_MS }

async function tries(range: ProofRange, count: number, from: (n: number) => string): Promise<void> {
  range.sink.answer({ status: 401, body: '{"message":"wrong"}' })
  for (let n = 0; n < count; n += 1)
    await range.send({
      method: 'POST',
      target: '/login',
      credential: 'none',
      from: from(n),
      body: { email: `user-${n}@prove.test`, password: 'Summer1' },
    })
}

/** A list of pairs that were stolen elsewhere. */
export const proof: Proof = {
  control: 'stuffing',
  attacks: [
    {
      id: 'MON-02',
      name: 'tries stolen pairs from many addresses, few from each',
      needs: {
        ipLimit: 'off',
        detect: {
          stuffing: {
            most: 'block',
            accounts: many,
            sources: many,
            spread: { count: 10, windowMs: 5 * MINUTE_MS },
          },
        },
      },
      run: async (range) => {
        await tries(range, 40, (n) => range.address(n + 1))
        return range.sink.received().length >= 40
      },
    },
  ],
}
