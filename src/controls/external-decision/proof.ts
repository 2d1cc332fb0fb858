import type { Proof } from '../../pipeline/proof.ts'

/** Callers whom the decision point refuses, and callers while it is away. */
export const proof: Proof = {
  control: 'external-decision',
  attacks: [
    {
      id: 'AZN-07',
      name: 'calls although the decision point says no',
      needs: { decision: 'sink' },
      run: (range) => {
        range.sink.answer({
          headers: ['content-type', 'application/json'],
          body: '{"decision":false}',
        })
        return range.passes({ target: '/granted' })
      },
    },
    {
      id: 'AZN-07',
      name: 'calls while the decision point is away',
      needs: { decision: 'away' },
      run: (range) => range.passes({ target: '/granted' }),
    },
  ],
}
