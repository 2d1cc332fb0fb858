import type { Proof, ProofRequest } from '../../pipeline/proof.ts'

const OWN_BODY = { conditions: { proveCreate: 'body.owner.name == subject.id' } }

/** Callers who write in somebody else’s name. */
export const proof: Proof = {
  control: 'body-conditions',
  attacks: [
    {
      id: 'AZN-04',
      name: 'makes an object that belongs to somebody else',
      needs: OWN_BODY,
      run: (range) => range.passes(create({ owner: { name: 'stranger' } })),
    },
    {
      id: 'AZN-04',
      name: 'leaves out whose object it is',
      needs: OWN_BODY,
      run: (range) => range.anyPasses([create({}), create({ owner: {} })]),
    },
  ],
}

function create(body: Readonly<Record<string, unknown>>): ProofRequest {
  return { method: 'POST', target: '/items', body: { name: 'a', ...body } }
}
