import { toDialect } from '../infer/to-dialect.ts'
import type { WrittenSchema } from '../infer/to-dialect.ts'
import { isObject, items, own, ownString } from '../load/json-value.ts'
import { readPointer } from '../load/pointer.ts'
import type { ApiModel } from '../model.ts'
import type { Change } from './change.ts'
import { jsonPathTo, memberPath, quoted } from './json-path-to.ts'
import { rootDocument, rootUri } from './places.ts'
import type { OverlayStep, Site } from './overlay-step.ts'
import { widenActions } from './widen-actions.ts'

/**
 * The actions that make a change to the root document.
 * @returns `undefined` where an Overlay cannot reach the place, as in another file.
 */
export function stepsOf(model: ApiModel, change: Change): readonly OverlayStep[] | undefined {
  const root = rootDocument(model)
  const target = change.at.uri === rootUri(model) ? jsonPathTo(root, change.at.pointer) : undefined
  if (target === undefined) return undefined
  const here = readPointer(root, change.at.pointer)
  return write({ change, target, here, version: model.openapi })
}

function write(site: Site): readonly OverlayStep[] {
  const { change, target, here, version } = site
  const { name, shape } = change
  switch (change.action) {
    case 'add-property':
      return [addProperty(site)]
    case 'add-items':
      return [{ target, update: { items: toDialect(shape.items ?? shape, version) } }]
    case 'fill-schema':
      return [{ target, update: toDialect(shape, version) }]
    case 'add-schema':
      return [{ target, update: { schema: toDialect(shape, version) } }]
    case 'add-alternative':
      return [{ target, update: toDialect(shape, version) }]
    case 'widen-type':
      return widenActions(site)
    case 'make-optional':
      return makeOptional(site)
    case 'drop-keyword':
      return [{ target: target + memberPath(name), remove: true }]
    case 'add-response':
      return [{ target, update: { responses: { [name]: response(site) } } }]
    case 'add-media-type':
      return [{ target, update: { content: content(site) } }]
    case 'add-body':
      return [{ target, update: { requestBody: { content: content(site) } } }]
    case 'add-parameter':
      return [{ target, update: { parameters: [parameter(site)] } }]
    case 'retype-parameter':
      return [{ target, update: toDialect(shape, version) }]
    case 'parameter-optional':
      return [{ target, update: { required: false } }]
    case 'declare-cookies':
      return [{ target, update: cookies(name, here) }]
  }
}

function addProperty({ change, target, here, version }: Site): OverlayStep {
  const property = { [change.name]: toDialect(change.shape, version) }
  return isObject(own(here, 'properties'))
    ? { target: `${target}.properties`, update: property }
    : { target, update: { properties: property } }
}

/** Names are on lines of their own. An empty list is not allowed in every version, so it goes as a whole. */
function makeOptional({ change, target, here }: Site): readonly OverlayStep[] {
  const names = change.name.split('\n')
  const left = items(own(here, 'required')).filter((name) => !names.includes(String(name)))
  if (left.length === 0) return [{ target: `${target}.required`, remove: true }]
  return names.map((name) => ({
    target: `${target}.required[?@ == '${quoted(name)}']`,
    remove: true,
  }))
}

const DESCRIPTION = 'Seen in traffic.'

function response(site: Site): WrittenSchema {
  const { mediaType } = site.change
  return mediaType === undefined
    ? { description: DESCRIPTION }
    : { description: DESCRIPTION, content: content(site) }
}

function content({ change, version }: Site): WrittenSchema {
  const { mediaType = '', shape } = change
  const schema = toDialect(shape, version)
  return { [mediaType]: Object.keys(schema).length === 0 ? {} : { schema } }
}

function parameter({ change, version }: Site): WrittenSchema {
  return { name: change.name, in: 'query', schema: toDialect(change.shape, version) }
}

/** With the header declared, the answer may set every cookie. */
function cookies(status: string, here: unknown): WrittenSchema {
  const headers = { 'Set-Cookie': { schema: { type: 'string' } } }
  if (status === '') return { headers }
  const known = ownString(own(own(here, 'responses'), status), 'description')
  return { responses: { [status]: { description: known ?? DESCRIPTION, headers } } }
}
