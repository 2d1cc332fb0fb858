import type { SchemaRef } from '../../openapi/model.ts'
import { parseTemplate, shapeOf } from '../../openapi/path-template.ts'
import { applicable } from '../../openapi/schema/facts.ts'
import type { Resources } from '../../openapi/schema/resources.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { returnedSchemas } from './json-success.ts'
import { refOf } from './schema-rules.ts'

/**
 * The schema of the object that a rule of an operation means by `response`: what a GET returns, each item where that is
 * a list; for other operations what the nearest GET on their path returns. `undefined` where there is none.
 */
export function judgedSchema(site: Site, kit: Kit): SchemaRef | undefined {
  const { operation } = site
  const resources = kit.apis.get(operation.api)?.responseSchemas.resources
  const read = operation.method === 'GET' ? site : nearestRead(site, kit)
  const [ref] = read === undefined ? [] : returnedSchemas(read.operation)
  if (ref === undefined || resources === undefined) return undefined
  return itemsOf(ref, resources) ?? ref
}

function nearestRead({ operation }: Site, { sites }: Kit): Site | undefined {
  const parsed = parseTemplate(operation.template)
  const segments = parsed.ok ? parsed.segments : []
  for (let length = segments.length; length > 0; length -= 1) {
    const shape = shapeOf(segments.slice(0, length))
    // Without an id in its path it reads no object.
    if (!shape.includes('{}')) return undefined
    const found = sites.find(({ operation: other }) => {
      if (other.api !== operation.api || other.method !== 'GET') return false
      const its = parseTemplate(other.template)
      return its.ok && shapeOf(its.segments) === shape
    })
    if (found !== undefined) return found
  }
  return undefined
}

/** The schema of the items where a schema is one of a list. */
export function itemsOf(ref: SchemaRef, resources: Resources): SchemaRef | undefined {
  const root = resources.site(ref)
  if (root === undefined) return undefined
  for (const { site, keywords } of applicable(resources, root))
    if (typeof keywords['items'] === 'object') return refOf(resources.child(site, 'items'))
  return undefined
}
