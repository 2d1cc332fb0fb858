import type { Proof } from '../../pipeline/proof.ts'

/** Somebody who reads the document to find what to attack. */
export const proof: Proof = {
  control: 'honeypot-operations',
  attacks: [
    {
      id: 'MON-01',
      name: 'calls an operation that stands in the document only to be found',
      run: (range) => range.passes({ target: '/trap' }),
    },
  ],
}
