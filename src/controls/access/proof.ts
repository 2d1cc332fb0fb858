import type { Attack, Proof } from '../../pipeline/proof.ts'

const ROLES = { 'prove-reader': ['op:proveGranted'], 'prove-scoped': ['prove:*'] }

/** Callers whose role does not name the operation. */
export const proof: Proof = {
  control: 'access',
  attacks: [
    withRoles('AZN-01', 'calls an operation that no rule grants to anybody', []),
    withRoles('AZN-02', 'calls with a role that grants other operations', [
      'prove-reader',
      'prove-scoped',
    ]),
    withRoles('AZN-02', 'calls with roles that nobody configured', [
      'Prove-Reader',
      'prove-*',
      'op:proveItem',
      '*',
    ]),
  ],
}

function withRoles(id: string, name: string, roles: readonly string[]): Attack {
  return {
    id,
    name,
    needs: { roles: ROLES },
    run: async (range) => {
      const { text } = await range.newKey({ roles })
      return range.passes({ target: '/items/1', credential: text })
    },
  }
}
