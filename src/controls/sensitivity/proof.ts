import type { Proof } from '../../pipeline/proof.ts'

/** Calls of something that must never happen too often, at a moment at which nobody counts for all nodes. */
export const proof: Proof = {
  control: 'sensitivity',
  attacks: [
    {
      id: 'RLM-02',
      name: 'uses what is most worth protecting while each node counts alone',
      needs: { counters: 'away' },
      run: (range) => range.passes({ target: '/items/1' }),
    },
  ],
}
