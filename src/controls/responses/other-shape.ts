import type { Filter, Filtered } from '../../openapi/schema/contract.ts'
import type { SchemaRef } from '../../openapi/model.ts'
import type { ApiRuntime } from '../kit.ts'
import { itemsOf } from '../objects/judged-schema.ts'

const NOTHING: Filtered = Object.freeze({ value: null, dropped: Object.freeze(['']) })

/**
 * Filters one object where a list of them is declared, and a list of objects where one is: documents are often wrong in
 * that, and what each object may show is declared all the same. Rules of owners and fields hold for both shapes.
 * Whatever else was not declared is nothing.
 */
export function otherShape(schema: SchemaRef, api: ApiRuntime, filter: Filter): Filter {
  const items = itemsOf(schema, api.responseSchemas.resources)
  const one = items === undefined ? undefined : api.responseSchemas.filter(items)
  return (value) => (Array.isArray(value) ? eachOf(value, filter) : (one?.(value) ?? NOTHING))
}

function eachOf(items: readonly unknown[], filter: Filter): Filtered {
  const kept = items.map((item) => (isPlain(item) ? filter(item).value : null))
  return kept.some((item) => item !== null) ? { value: kept, dropped: [''] } : NOTHING
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
