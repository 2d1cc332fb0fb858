import type { Proof } from '../../pipeline/proof.ts'

const PATH = '/wp-login.php'

/** A scanner that asks for what every host may have. */
export const proof: Proof = {
  control: 'honeypots',
  attacks: [
    {
      id: 'MON-01',
      name: 'asks for what many hosts forget to protect, then for what is public here',
      needs: {
        detect: { honeypots: { most: 'block', paths: [`/.sallyport-prove${PATH}`] } },
      },
      run: async (range) => {
        await range.send({ target: PATH, credential: 'none' })
        // Stopped, but not if it locks out a neighbor with a good key.
        const { text } = await range.newKey()
        const neighbor = await range.passes({ target: '/items/1', credential: text })
        return !neighbor || range.passes({ target: '/public', credential: 'none' })
      },
    },
  ],
}
