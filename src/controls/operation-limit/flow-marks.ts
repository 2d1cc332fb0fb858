import { ConfigError } from '../../base/config-error.ts'
import type { KeyedRate } from '../../base/units.ts'
import { parseOperationLimit } from '../../base/units.ts'
import type { Site } from '../../pipeline/site.ts'

const EXTENSION = 'x-sallyport-flow-limit'

/**
 * The flow limits that the document marks at an operation: one text, or a list, such as `5/15min by body.phone`.
 * Throws `ConfigError`.
 */
export function markedFlows({ operation }: Site): readonly KeyedRate[] {
  const said = operation.extensions.get(EXTENSION)
  if (said === undefined) return []
  const texts: readonly unknown[] = Array.isArray(said) ? said : [said]
  const path = `${operation.source.pointer}/${EXTENSION}`
  return texts.map((text) => {
    if (typeof text === 'string') return parseOperationLimit(text, path)
    const message = 'is no text such as 5/15min by body.phone'
    throw new ConfigError({ path, message, file: operation.source.file })
  })
}

/** Flows are counted strictly: never more than the count in any stretch of the window, unless they are spaced. */
export function strictFlow({ rate, by }: KeyedRate): KeyedRate {
  return { rate: rate.kind === 'leaky' ? rate : { ...rate, kind: 'quota' }, by }
}
