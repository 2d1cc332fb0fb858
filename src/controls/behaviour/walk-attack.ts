import type { ProofNeeds, ProofRange } from '../../pipeline/proof.ts'

/** Few ids are enough, so that no limit of the operator's sees the walk first. */
export const WALK_NEEDS: ProofNeeds = {
  ipLimit: 'off',
  detect: {
    enumeration: {
      most: 'block',
      fast: { count: 20, windowMs: 600_000 },
      slow: { count: 40, windowMs: 86_400_000 },
    },
  },
}

/** Whether sixty objects in a row are handed out. */
export async function walksIds(range: ProofRange): Promise<boolean> {
  const { text } = await range.newKey()
  for (let id = 1; id <= 60; id += 1)
    if (!(await range.passes({ target: `/items/${id}`, credential: text }))) return false
  return true
}
