import type { PolicyRate } from '../../base/units.ts'
import type { Proof } from '../../pipeline/proof.ts'

const PLANS: Readonly<Record<string, readonly PolicyRate[]>> = {
  default: [{ count: 5, windowMs: 86_400_000, burst: 5, kind: 'quota' }],
}

/** One caller who takes everybody's share. */
export const proof: Proof = {
  control: 'principal-limit',
  attacks: [
    {
      id: 'RLM-02',
      name: 'one key floods from many addresses',
      run: async (range) => {
        const burst = range.limits.principal?.burst ?? 100
        const { text } = await range.newKey()
        for (let n = 0; n < 2 * burst + 50; n += 1) {
          // Few enough from each address to stay below the limit there.
          const from = range.address(1 + Math.floor(n / 4))
          if ((await range.send({ target: '/items/1', credential: text, from })).status === 429)
            return false
        }
        return true
      },
    },
    {
      id: 'RLM-02',
      name: 'takes more in a day than the plan has, slowly enough for every rate',
      needs: { plans: PLANS },
      run: async (range) => {
        const { text } = await range.newKey()
        for (let n = 0; n < 12; n += 1) {
          const from = range.address(1 + n)
          if ((await range.send({ target: '/items/1', credential: text, from })).status === 429)
            return false
        }
        return true
      },
    },
  ],
}
