import type { Proof } from '../../pipeline/proof.ts'

/** Callers with fewer scopes than the document asks for. */
export const proof: Proof = {
  control: 'scopes',
  attacks: [
    {
      id: 'AZN-03',
      name: 'calls with a key that has no scope',
      run: (range) => range.passes({ target: '/scoped' }),
    },
    {
      id: 'AZN-03',
      name: 'calls with scopes that only look like the right one',
      run: async (range) => {
        for (const scope of ['prove:readall', 'prove', 'prove:*', 'PROVE:READ', 'prove:write']) {
          const { text } = await range.newKey({ scopes: [scope] })
          if (await range.passes({ target: '/scoped', credential: text })) return true
        }
        return false
      },
    },
  ],
}
