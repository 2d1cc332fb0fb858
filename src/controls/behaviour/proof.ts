import type { Proof } from '../../pipeline/proof.ts'
import { WALK_NEEDS, walksIds } from './walk-attack.ts'

/** Somebody with a good key who takes everything. */
export const proof: Proof = {
  control: 'behaviour',
  attacks: [
    {
      id: 'MON-02',
      name: 'walks through the ids of all objects with a good key',
      needs: WALK_NEEDS,
      run: walksIds,
    },
  ],
}
