import type { ProofAnswer, ProofRequest } from '../../src/pipeline/proof.ts'
import { AttackRange } from './attack-range.ts'
import type { Range } from './range.ts'
import { checkRow } from './result.ts'
import type { ProofRow } from './result.ts'

/** Number of the prober among the attackers of a range: none of them has its addresses. */
const HIDDEN_INDEX = 40_002

/** What must look like a path that does not exist (CONTROLS 2.0, 404). */
const HIDDEN: readonly (readonly [name: string, request: ProofRequest])[] = [
  ['a path parameter that cannot be valid', { target: '/items/not-a-number' }],
  ['the same over HTTP/2', { target: '/items/not-a-number', via: 'h2' }],
  ['the same from a page', { target: '/items/not-a-number', headers: ['Accept', 'text/html'] }],
]

/** Compares answers by which a prober would tell what exists from what does not. */
export async function proveHidden(range: Range): Promise<readonly ProofRow[]> {
  const prober = new AttackRange(range, HIDDEN_INDEX)
  const rows: ProofRow[] = []
  for (const [name, request] of HIDDEN) {
    const startedAt = performance.now()
    const unknown = await prober.send({ ...request, target: '/no-such/path' })
    const hidden = await prober.send(request)
    rows.push(
      checkRow(
        { kind: 'hidden', id: 'RTE-01', name: `${name} looks like a path that does not exist` },
        differenceOf(unknown, hidden),
        Math.round(performance.now() - startedAt),
      ),
    )
  }
  return rows
}

function differenceOf(unknown: ProofAnswer, hidden: ProofAnswer): string | undefined {
  if (unknown.status !== 404) return `an unknown path is answered with ${unknown.status}`
  if (hidden.status !== 404) return `status ${hidden.status} in place of 404`
  const [one, other] = [namesOf(unknown), namesOf(hidden)]
  const different = [...one.symmetricDifference(other)]
  if (different.length > 0) return `told apart by ${different.join(', ')}`
  return unknown.body.length === hidden.body.length
    ? undefined
    : 'told apart by the length of the body'
}

function namesOf({ headers }: ProofAnswer): ReadonlySet<string> {
  return new Set(headers.filter((_, index) => index % 2 === 0))
}
