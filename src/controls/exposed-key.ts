import type { Kit } from './kit.ts'

/**
 * Marks one of our keys as exposed: it was seen in clear or in a URL. Only whoever has the whole key can do this to it.
 * Runs beside the request; a store that is away does not hold up the refusal.
 */
export function markExposed(text: string, { keys, clock }: Kit): void {
  const nowMs = clock.nowMs()
  if (keys.format.parse(text) === undefined) return
  void Promise.resolve(keys.verify(text, nowMs))
    .then((found) =>
      'principal' in found
        ? keys.admin.markExposed(found.principal.credentialId, nowMs)
        : undefined,
    )
    .catch(() => undefined) // the refusal and its event stand; the mark is a help for the key's owner
}
