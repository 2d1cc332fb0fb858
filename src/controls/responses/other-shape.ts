import type { Filter, Filtered } from '../../openapi/schema/contract.ts'
import type { SchemaRef } from '../../openapi/model.ts'
import { edgesOf, nodesFrom } from '../../openapi/fields/view.ts'
import type { Site } from '../../pipeline/site.ts'
import { fieldMarks } from '../field-marks.ts'
import type { ApiRuntime } from '../kit.ts'
import { itemsOf } from '../objects/judged-schema.ts'

interface Place {
  readonly site: Site
  readonly api: ApiRuntime
}

const NOTHING: Filtered = Object.freeze({ value: null, dropped: Object.freeze(['']) })

/**
 * Filters one object where a list of them is declared, and a list of objects where one is: documents are often wrong in
 * that, and what each object may show is declared all the same. Whatever else was not declared is nothing.
 */
export function otherShape(schema: SchemaRef, { site, api }: Place, filter: Filter): Filter {
  // Rules about fields look where the document says that the fields stand.
  if (isMarked(schema, { site, api })) return () => NOTHING
  const items = itemsOf(schema, api.responseSchemas.resources)
  const one = items === undefined ? undefined : api.responseSchemas.filter(items)
  return (value) => (Array.isArray(value) ? eachOf(value, filter) : (one?.(value) ?? NOTHING))
}

function isMarked(schema: SchemaRef, { site, api }: Place): boolean {
  const root = fieldMarks(api, site.policy).place([schema])
  return [root, ...[...nodesFrom(root.node)].flatMap(edgesOf)].some(({ marks }) => marks.length > 0)
}

function eachOf(items: readonly unknown[], filter: Filter): Filtered {
  const kept = items.map((item) => (isPlain(item) ? filter(item).value : null))
  return kept.some((item) => item !== null) ? { value: kept, dropped: [''] } : NOTHING
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
