import type { Proof } from '../../pipeline/proof.ts'

const OWN_NAME = { conditions: { proveName: 'path.name == subject.id' } }

/** Callers who ask for what belongs to somebody else. */
export const proof: Proof = {
  control: 'conditions',
  attacks: [
    {
      id: 'AZN-04',
      name: 'asks for somebody else’s object by its name in the path',
      needs: OWN_NAME,
      run: (range) => range.passes({ target: '/names/stranger' }),
    },
    {
      id: 'AZN-04',
      name: 'asks for it in spellings that only look like its own',
      needs: OWN_NAME,
      run: (range) =>
        range.anyPasses([
          { target: '/names/Prove' },
          { target: '/names/prove%20' },
          { target: '/names/prove%00' },
          { target: '/names/prov%C3%A9' },
        ]),
    },
    {
      id: 'AZN-04',
      name: 'asks for an object to which it stands in no relation, with names that look like more',
      needs: { conditions: { proveName: 'relation("name:" + path.name, "viewer", subject.id)' } },
      run: (range) =>
        range.anyPasses([
          { target: '/names/stranger' },
          { target: '/names/x%23viewer%40prove' },
          { target: '/names/%23member' },
        ]),
    },
  ],
}
