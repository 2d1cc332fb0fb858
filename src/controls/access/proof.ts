import type { Attack, Proof } from '../../pipeline/proof.ts'

const ROLES = { 'prove-reader': ['op:proveGranted'], 'prove-scoped': ['prove:*'] }

/** Includes what may call the operation, but from an address that no attacker has. */
const ELSEWHERE = { includes: ['prove-reader'], when: 'network.ip in ["192.0.2.0/24"]' }
const KEPT_OUT = {
  roles: [],
  groups: [],
  subjects: [],
  deny: { roles: ['prove-reader'], groups: [], subjects: [] },
}

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
    {
      id: 'AZN-02',
      name: 'calls with a role that only counts in another network',
      needs: { roles: ROLES, roleTerms: { 'prove-guest': ELSEWHERE } },
      run: async (range) => {
        const { text } = await range.newKey({ roles: ['prove-guest'] })
        return range.passes({ target: '/granted', credential: text })
      },
    },
    {
      id: 'AZN-01',
      name: 'calls what its role may, although the access list keeps it out',
      needs: { roles: ROLES, acl: { proveGranted: KEPT_OUT } },
      run: async (range) => {
        const { text } = await range.newKey({ roles: ['prove-reader'] })
        return range.passes({ target: '/granted', credential: text })
      },
    },
    {
      id: 'AZN-02',
      name: 'calls at a time when nobody may',
      needs: { conditions: { proveGranted: 'now < timestamp("2001-01-01T00:00:00Z")' } },
      run: (range) => range.passes({ target: '/granted' }),
    },
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
