import type { Proof } from '../../pipeline/proof.ts'

const AT_ONCE = 40

/** One caller who has everything in work at once. */
export const proof: Proof = {
  control: 'concurrency',
  attacks: [
    {
      id: 'RLM-06',
      name: 'keeps the API busy with many requests at once',
      needs: { limits: { concurrency: { total: undefined, principal: 1 } } },
      run: async (range) => {
        const { text } = await range.newKey()
        const found = await Promise.all(
          Array.from({ length: AT_ONCE }, () =>
            range.send({ target: '/items/1', credential: text }),
          ),
        )
        return found.every(({ status }) => status !== 429)
      },
    },
  ],
}
