import assert from 'node:assert/strict'
import type { Control } from '../../pipeline/control.ts'
import type { Refusal } from '../../pipeline/runner.ts'

/** Fails unless a refusal has the reason (`undefined`: there is none) and, where there is one, the status. */
export function assertRefused(
  refusal: Refusal | undefined,
  reason: string | undefined,
  status?: number,
): void {
  const found = refusal?.denial
  assert.equal(found?.reason, reason, `refused as ${found?.reason} (${found?.detail ?? ''})`)
  if (found !== undefined && status !== undefined) assert.equal(statusOf(refusal), status)
}

/** The status the client sees; `undefined`: not refused. */
export function statusOf(refusal: Refusal | undefined): number | undefined {
  return refusal?.denial.status ?? refusal?.spec.status
}

/** Value of a field in a flat list of names and values, whatever the case of its name. */
export function valueOf(headers: readonly string[] | undefined, name: string): string | undefined {
  return valuesOf(headers, name)[0]
}

/** All values of a field in a flat list, in order. */
export function valuesOf(headers: readonly string[] | undefined, name: string): string[] {
  const list = headers ?? []
  return list.flatMap((text, index) =>
    index % 2 === 0 && text.toLowerCase() === name.toLowerCase() ? [list[index + 1] ?? ''] : [],
  )
}

/** Fails unless the rows of a test's tables reach every reason of the control, and no reason it does not have. */
export function assertEveryReason(
  control: Pick<Control<never, never>, 'reasons'>,
  reached: Iterable<string | undefined>,
): void {
  const seen = new Set([...reached].filter((reason) => reason !== undefined))
  assert.deepEqual([...seen].toSorted(), Object.keys(control.reasons).toSorted())
}
