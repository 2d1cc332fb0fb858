import type { Proof, ProofNeeds } from '../../pipeline/proof.ts'

/** Few refusals are enough, so that no other limit sees the scanner first. */
export const SCANNER_NEEDS: ProofNeeds = {
  limits: {
    penalties: {
      score: { count: 10, windowMs: 300_000, burst: 10 },
      stepsMs: [60_000, 300_000],
      forgiveMs: 3_600_000,
      exempt: [],
    },
  },
}

/** A scanner that is refused everywhere and goes on. */
export const proof: Proof = {
  control: 'penalties',
  attacks: [
    {
      id: 'RLM-04',
      name: 'goes on looking for what is there after being refused again and again',
      needs: SCANNER_NEEDS,
      run: async (range) => {
        for (let n = 0; n < 20; n += 1) {
          const answer = await range.send({ target: `/scan-${n}`, credential: 'none' })
          if (answer.status !== 429) continue
          // Stopped, but not if it locks out a neighbor with a good key.
          const { text } = await range.newKey()
          return (await range.send({ target: '/items/1', credential: text })).status === 429
        }
        return true
      },
    },
  ],
}
