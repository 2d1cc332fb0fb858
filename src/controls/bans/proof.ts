import type { Proof } from '../../pipeline/proof.ts'
import { WALK_NEEDS, walksIds } from '../behaviour/walk-attack.ts'

/** Callers who go on although what they do was noticed. */
export const proof: Proof = {
  control: 'bans',
  attacks: [
    {
      id: 'MON-03',
      name: 'goes on taking objects after the walk was noticed',
      needs: WALK_NEEDS,
      run: walksIds,
    },
    {
      id: 'MON-03',
      name: 'goes on with the key that asked for an operation that nobody calls',
      needs: { detect: { honeypots: { most: 'block', paths: [] } } },
      run: async (range) => {
        const { text } = await range.newKey()
        await range.send({ target: '/trap', credential: text })
        return range.passes({ target: '/items/1', credential: text })
      },
    },
  ],
}
