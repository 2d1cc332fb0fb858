import type { Proof } from '../../pipeline/proof.ts'
import { SCANNER_NEEDS } from '../penalties/proof.ts'

/** A scanner that turns to what is open to all. */
export const proof: Proof = {
  control: 'penalty-box',
  attacks: [
    {
      id: 'RLM-04',
      name: 'uses public operations right after a scan that put it aside',
      needs: SCANNER_NEEDS,
      run: async (range) => {
        for (let n = 0; n < 20; n += 1)
          await range.send({ target: `/scan-${n}`, credential: 'none' })
        return (await range.send({ target: '/public', credential: 'none' })).status !== 429
      },
    },
  ],
}
