import type { ReadAccess } from '../shown-views.ts'

/** Rules of reading, without a word about who was shown what: they say who may, not that it is delicate. */
export const readAccess: ReadAccess = (mark) =>
  mark.kind === 'read'
    ? { access: mark.access, at: mark.at, owners: mark.owners, isTold: false }
    : undefined
