import { dirname, relative, sep } from 'node:path'
import { didYouMean } from '../../base/suggest.ts'
import { uriOfFile } from '../load/references.ts'
import type { ApiModel } from '../model.ts'
import { isObject } from '../schema/equal.ts'
import { applicable } from '../schema/facts.ts'
import type { Resources, Site } from '../schema/resources.ts'

/** A field that a name such as `Order.note` means: the schema that has it, and what it is called there. */
export interface NamedField {
  readonly owner: Site
  readonly field: string
}

/**
 * The fields that `Schema.field` means in one API: every schema behind the name of the component, so that a reference
 * in its place is followed. `Schema.field.inner` goes on inside, through lists too. Empty where there is none.
 */
export function componentFields(
  model: Pick<ApiModel, 'files'>,
  resources: Resources,
  name: string,
): readonly NamedField[] {
  return componentSites(model, resources, name).flatMap(({ sites, rest }) => {
    const steps = rest.split('.')
    const field = steps.pop()
    const owners = steps.reduce((at, step) => inside(resources, at, step), sites)
    return field === undefined || !owners.some((owner) => declares(resources, owner, field))
      ? []
      : owners.map((owner) => ({ owner, field }))
  })
}

/** What a name that means nothing may have been meant to be; `undefined` where nothing is near. */
export function nearestField(
  documents: readonly {
    readonly model: Pick<ApiModel, 'files'>
    readonly resources: Resources
  }[],
  name: string,
): string | undefined {
  const known = documents.flatMap(({ model, resources }) =>
    schemaMaps(model, resources).flatMap(({ site, names }) =>
      names.flatMap((schema) => {
        const at = resources.child(site, schema)
        return fieldNames(resources, at).map((field) => `${schema}.${field}`)
      }),
    ),
  )
  return didYouMean(name, known)
}

interface Found {
  readonly sites: readonly Site[]
  /** What follows the name of the schema. */
  readonly rest: string
}

function componentSites(
  model: Pick<ApiModel, 'files'>,
  resources: Resources,
  name: string,
): readonly Found[] {
  return schemaMaps(model, resources).flatMap(({ site, names }) =>
    // Names of schemas may hold dots; the longest that fits is meant.
    names
      .filter((schema) => name.startsWith(`${schema}.`))
      .toSorted((a, b) => b.length - a.length)
      .slice(0, 1)
      .map((schema) => ({
        sites: behind(resources, resources.child(site, schema)),
        rest: name.slice(schema.length + 1),
      })),
  )
}

/** A schema of a document by its name. */
export interface NamedSchema {
  readonly name: string
  readonly site: Site
}

/** All of `components.schemas`, in every file of a document. */
export function componentSchemas(
  model: Pick<ApiModel, 'files'>,
  resources: Resources,
): readonly NamedSchema[] {
  return schemaMaps(model, resources).flatMap(({ site, names }) =>
    names.map((name) => ({ name, site: resources.child(site, name) })),
  )
}

interface SchemaMap {
  readonly site: Site
  readonly names: readonly string[]
}

/** `components.schemas` of every file of the document. */
function schemaMaps(
  { files: paths }: Pick<ApiModel, 'files'>,
  resources: Resources,
): readonly SchemaMap[] {
  const [root = ''] = paths
  const below = paths.map((path) => relative(dirname(root), path).split(sep).join('/'))
  const files = new Set(below.map(uriOfFile))
  return [...files].flatMap((uri) => {
    const top = resources.site({ uri, pointer: '', schema: undefined })
    const map = top && resources.resolve('#/components/schemas', top.resource)
    return map !== undefined && isObject(map.schema)
      ? [{ site: map, names: Object.keys(map.schema) }]
      : []
  })
}

/** A schema and what it does nothing but refer to. */
function behind(resources: Resources, site: Site): readonly Site[] {
  const found = new Map<unknown, Site>()
  for (let at: Site | undefined = site; at !== undefined && !found.has(at.schema);) {
    found.set(at.schema, at)
    const reference: unknown = isObject(at.schema) ? at.schema['$ref'] : undefined
    at = typeof reference === 'string' ? resources.resolve(reference, at.resource) : undefined
  }
  return [...found.values()]
}

/** The schemas of a member, or of the items of a list that is the member. */
function inside(resources: Resources, owners: readonly Site[], name: string): readonly Site[] {
  return owners.flatMap((owner) =>
    applicable(resources, owner).flatMap(({ site, keywords }) => {
      const map = keywords['properties']
      if (!isObject(map) || !Object.hasOwn(map, name)) return []
      return applicable(resources, resources.child(site, 'properties', name)).flatMap((one) =>
        isObject(one.keywords['items'])
          ? behind(resources, resources.child(one.site, 'items'))
          : one.site,
      )
    }),
  )
}

function declares(resources: Resources, owner: Site, field: string): boolean {
  return fieldNames(resources, owner).includes(field)
}

function fieldNames(resources: Resources, owner: Site): readonly string[] {
  return applicable(resources, owner).flatMap(({ keywords }) => {
    const map = keywords['properties']
    return isObject(map) ? Object.keys(map) : []
  })
}
