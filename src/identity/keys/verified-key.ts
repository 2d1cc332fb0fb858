import { compileAddressSet } from '../../base/cidr.ts'
import type { AddressSet } from '../../base/cidr.ts'
import type { KeyRow } from '../../store/records.ts'
import { NO_CLAIMS, PrincipalNotes } from '../principal.ts'
import type { Principal } from '../principal.ts'
import type { KeyKind } from './format.ts'

/** Where a key may be used from; `undefined`: anywhere. The caller checks it with the request at hand. */
export interface KeyRestrictions {
  readonly cidrs: AddressSet | undefined
  /** Serialized origins. */
  readonly origins: ReadonlySet<string> | undefined
}

/** A key that is good at this moment. */
export interface VerifiedKey {
  readonly principal: Principal
  readonly kind: KeyKind
  readonly restrictions: KeyRestrictions
  /** The plan that the key's tag `plan:NAME` names. */
  readonly plan?: string | undefined
}

const PLAN_TAG = 'plan:'

/** Who a row stands for. Throws `ConfigError` for networks that cannot be read: a defect, they were checked. */
export function verifiedKey(row: KeyRow): VerifiedKey {
  return {
    kind: row.kind,
    plan: row.tags.find((tag) => tag.startsWith(PLAN_TAG))?.slice(PLAN_TAG.length),
    restrictions: {
      cidrs: row.cidrs === undefined ? undefined : compileAddressSet(row.cidrs, `${row.id}.cidrs`),
      origins: row.origins === undefined ? undefined : new Set(row.origins),
    },
    principal: Object.freeze({
      id: `key:${row.id}`,
      kind: 'apiKey',
      subject: row.owner,
      issuer: '',
      credentialId: row.id,
      scopes: new Set(row.scopes),
      roles: row.roles,
      groups: row.groups,
      claims: NO_CLAIMS,
      operations: row.operations === undefined ? undefined : new Set(row.operations),
      expiresAtMs: row.expiresAtMs,
      notes: new PrincipalNotes(),
    }),
  }
}
