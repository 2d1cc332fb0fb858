import type { FieldAccess, FieldAction } from '../../pipeline/field-access.ts'
import { PASS_FIELD } from '../../pipeline/field-access.ts'
import type { ClassAccess, TokenRule } from '../../pipeline/field-class.ts'
import type { ReadAccess } from '../shown-views.ts'

/** What the classes of fields, and rules of tokens, come to under a policy. */
export function classAccess(classes: ClassAccess): ReadAccess {
  return (mark) => {
    if (mark.kind === 'class') {
      const access = classes.get(mark.name)
      return access && { access, at: mark.at, owners: mark.owners, isTold: mark.name !== 'public' }
    }
    if (mark.kind !== 'token') return undefined
    return { access: tokenAccess(mark.rule), at: mark.at, owners: mark.owners, isTold: true }
  }
}

function tokenAccess({ form, read }: TokenRule): FieldAccess {
  const others: FieldAction = { kind: form === 'fpe' ? 'fpe' : 'tokenize' }
  return { roles: new Map(read.map((role) => [role, PASS_FIELD])), others }
}
