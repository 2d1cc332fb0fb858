import type { Proof } from '../../pipeline/proof.ts'

/** Operations that ended and were never switched off. */
export const proof: Proof = {
  control: 'lifecycle',
  attacks: [
    {
      id: 'RTE-05',
      name: 'calls an old version after its sunset',
      run: (range) => range.anyPasses([{ target: '/old' }, { method: 'HEAD', target: '/old' }]),
    },
  ],
}
