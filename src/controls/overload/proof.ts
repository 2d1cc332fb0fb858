import { setTimeout as sleep } from 'node:timers/promises'
import type { Proof } from '../../pipeline/proof.ts'

/** The meter looks once a second. */
const SAMPLE_MS = 2_500

/** Work that matters least, sent while the process is late. */
export const proof: Proof = {
  control: 'overload',
  attacks: [
    {
      id: 'NET-04',
      name: 'keeps a late process busy with what matters least',
      // In the range every event loop counts as late, and every operation as unimportant.
      needs: { overload: true },
      run: async (range) => {
        await sleep(SAMPLE_MS)
        return range.passes({ target: '/items/1' })
      },
    },
  ],
}
