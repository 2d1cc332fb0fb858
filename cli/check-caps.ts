import { DEFAULTS } from '../src/gateway/config/defaults.ts'
import type { Site } from '../src/pipeline/site.ts'

/**
 * What `check` proposes where requests may hold texts and lists of any size: nothing where every operation that takes
 * a body or parameters has caps, or requests are not looked at.
 */
export function capProposal(
  sites: readonly Site[],
  unbounded: Readonly<Record<string, number>>,
): readonly string[] {
  const { string = 0, array = 0, any = 0 } = unbounded
  if (string + array + any === 0 || !sites.some(lacksCaps)) return []
  const bounds = `${DEFAULTS.capString} characters, ${DEFAULTS.capArray} items`
  return [
    `validate: { caps: on } to bound what the document leaves unbounded in requests: ${bounds}`,
  ]
}

function lacksCaps({ operation, policy }: Site): boolean {
  const { request, capLength, capItems } = policy.validate
  const takesAny = operation.requestBody !== undefined || operation.parameters.length > 0
  return takesAny && request !== 'off' && (capLength === Infinity || capItems === Infinity)
}
