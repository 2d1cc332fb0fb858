import type { Proof } from '../../pipeline/proof.ts'

/** Parameters the document does not know, or not with such values. */
export const proof: Proof = {
  control: 'parameters',
  attacks: [
    {
      id: 'VAL-01',
      name: 'asks for a page of 100000, a negative id, a sort order that is SQL',
      run: (range) =>
        range.anyPasses([
          { target: '/items/1?limit=100000' },
          { target: '/items/-1' },
          { target: '/items/1%20OR%201=1' },
          { target: '/items/1?sort=name;DROP' },
          { target: `/items/1?filter=${'a'.repeat(21)}` },
        ]),
    },
    {
      id: 'VAL-03',
      name: 'adds a parameter that the document does not declare',
      run: (range) =>
        range.anyPasses([{ target: '/items/1?debug=true' }, { target: '/public?admin=1' }]),
    },
    {
      id: 'WIRE-06',
      name: 'gives a parameter twice, so that the check and the API read different ones',
      run: (range) =>
        range.anyPasses([
          { target: '/items/1?limit=1&limit=100000' },
          { target: '/items/1?limit=1&limit=2' },
        ]),
    },
  ],
}
