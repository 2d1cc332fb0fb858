import type { Proof } from '../../pipeline/proof.ts'

/** Guessing: wrong credentials one after another, and paths tried until one exists. */
export const proof: Proof = {
  control: 'failures',
  attacks: [
    {
      id: 'KEY-06',
      name: 'guesses keys from one address',
      run: async (range) => {
        const tries = (range.limits.failures?.count ?? 20) + 5
        const { text } = await range.newKey()
        for (let n = 0; n < tries; n += 1) {
          const guess = `${text.slice(0, -12)}${String(n).padStart(12, '0')}`
          if ((await range.send({ target: '/items/1', credential: guess })).status === 429) {
            // Stopped, but not if it locks out a neighbor with a good key.
            return (await range.send({ target: '/items/1', credential: text })).status === 429
          }
        }
        return true
      },
    },
    {
      id: 'RLM-01',
      name: 'walks a list of paths to find what is not linked',
      needs: { ipLimit: 'off' },
      run: async (range) => {
        const tries = 2 * (range.limits.errors?.burst ?? 60) + 50
        for (let n = 0; n < tries; n += 1) {
          const answer = await range.send({ target: `/hidden-${n}`, credential: 'none' })
          if (answer.status === 429) return false
        }
        return true
      },
    },
  ],
}
