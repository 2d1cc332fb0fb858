import type { Proof } from '../../pipeline/proof.ts'

/** Somebody who fills the log first, so that nothing is known of what follows. */
export const proof: Proof = {
  control: 'log-room',
  attacks: [
    {
      id: 'LOG-02',
      name: 'acts when the log has no room for it',
      needs: { log: 'full' },
      run: async (range) => {
        await range.send({ target: '/items/1', credential: 'none' })
        return range.passes({ target: '/items/1' })
      },
    },
  ],
}
