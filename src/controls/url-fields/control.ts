import { urlFault } from '../../http/url-guard.ts'
import type { UrlFault } from '../../http/url-guard.ts'
import type { SchemaRegistry, SchemaRef } from '../../openapi/model.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { invalidStatus } from '../body/denials.ts'
import { configureUrlFields } from './config.ts'
import type { UrlFieldsConfig } from './config.ts'
import { urlPropertyNames } from './declared-urls.ts'

/** Refuses URLs that would send the API on errands inside: loopback, link-local, private, odd spellings. */
export const urlFields: Control<UrlFieldsConfig, Kit> = {
  name: 'url-fields',
  ids: ['VAL-07'],
  stage: 'inspect-body',
  scope: 'operation',
  block: 'validate',
  adopt: 'observe',
  onFault: 'deny',
  reasons: {
    url: { status: 422, problem: 'invalid_body', title: 'Invalid body', event: 'sp_ssrf_blocked' },
    url_parameter: {
      status: 400,
      problem: 'invalid_parameter',
      title: 'Invalid parameter',
      event: 'sp_ssrf_blocked',
    },
  },
  configure: configureUrlFields,
  compile: (config, site, kit) => {
    const api = site === undefined ? undefined : kit.apis.get(site.operation.api)
    return site === undefined || api === undefined ? undefined : urlFieldsGuard(config, site, api)
  },
}

/** A string field that is called like this and looks like a URL must not lead inside either. */
const URL_NAME = /(?:ur[li]|href|callback|webhook|endpoint|redirect|avatar|image|link|target)s?$/i
const URL_SHAPE = /^[a-z][a-z0-9+.-]*:\/\//i

/** Faults that a field not declared as a URL is held to: it may be http, but must not lead inside. */
const INSIDE: ReadonlySet<UrlFault> = new Set(['ip_literal', 'private_name', 'user_info'])

function urlFieldsGuard(config: UrlFieldsConfig, site: Site, api: ApiRuntime): Guard | undefined {
  const names = declaredNames(site, api)
  const parameterNames = declaredParameters(site)
  const status = invalidStatus(site.operation)
  const faultAt = (name: string, text: string): UrlFault | undefined =>
    fieldFault(name, text, { names, ...config })
  const guard: Guard = {}
  if (parameterNames.length > 0) {
    guard.onRequest = ({ parameters }) => parameterDenial(parameters?.query, parameterNames, config)
  }
  if (site.operation.requestBody === undefined)
    return guard.onRequest === undefined ? undefined : guard
  guard.onRequestBody = (exchange) => bodyDenial(exchange, faultAt, status)
  return guard
}

function declaredNames({ operation }: Site, { model }: ApiRuntime): ReadonlySet<string> {
  const resolve = resolver(model.registry)
  const schemas = (operation.requestBody?.content ?? []).flatMap(({ schema }) =>
    schema === undefined ? [] : [schema],
  )
  return new Set(schemas.flatMap((schema) => [...urlPropertyNames(schema, resolve)]))
}

/** Follows references to JSON Pointers inside the files of the document. */
function resolver(
  registry: SchemaRegistry,
): (reference: string, uri: string) => SchemaRef | undefined {
  return (reference, uri) => {
    const [file = '', pointer = ''] = reference.split('#', 2)
    const target = file === '' ? uri : (URL.parse(file, uri)?.href ?? uri)
    let at: unknown = registry.resource(target)?.root
    for (const part of pointer.split('/').slice(1)) {
      const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
      at =
        typeof at === 'object' && at !== null && Object.hasOwn(at, name)
          ? (at as Record<string, unknown>)[name]
          : undefined
    }
    return at === undefined ? undefined : { uri: target, pointer, schema: at }
  }
}

function declaredParameters({ operation }: Site): string[] {
  return operation.parameters.flatMap(({ name, place, schema }) => {
    const format = (schema?.schema as { readonly format?: unknown } | undefined)?.format
    return place === 'query' && (format === 'uri' || format === 'url' || format === 'iri')
      ? [name]
      : []
  })
}

function parameterDenial(
  values: Readonly<Record<string, unknown>> | undefined,
  names: readonly string[],
  config: UrlFieldsConfig,
): Denial | undefined {
  for (const name of names) {
    const text = values?.[name]
    const fault = typeof text === 'string' ? urlFault(text, config) : undefined
    if (fault !== undefined) {
      return {
        reason: 'url_parameter',
        detail: fault,
        errors: [{ pointer: `query/${name}`, detail: 'must be a public https URL' }],
      }
    }
  }
  return undefined
}

function fieldFault(
  name: string,
  text: string,
  rules: UrlFieldsConfig & { readonly names: ReadonlySet<string> },
): UrlFault | undefined {
  if (rules.names.has(name)) return urlFault(text, rules)
  if (!URL_NAME.test(name) || !URL_SHAPE.test(text)) return undefined
  const fault = urlFault(text, rules)
  return fault !== undefined && INSIDE.has(fault) ? fault : undefined
}

type FaultAt = (name: string, text: string) => UrlFault | undefined

function bodyDenial({ body }: Exchange, faultAt: FaultAt, status: number): Denial | undefined {
  const found = firstFault(body, { name: '', pointer: '' }, faultAt)
  if (found === undefined) return undefined
  return {
    reason: 'url',
    status,
    detail: `${found.pointer} ${found.fault}`,
    errors: [{ pointer: found.pointer, detail: 'must be a public https URL' }],
  }
}

interface Place {
  readonly name: string
  readonly pointer: string
}

/** Depth and size are bounded: the JSON scan let the body in (VAL-05). */
function firstFault(
  value: unknown,
  place: Place,
  faultAt: FaultAt,
): { pointer: string; fault: UrlFault } | undefined {
  if (typeof value === 'string') {
    const fault = faultAt(place.name, value)
    return fault === undefined ? undefined : { pointer: place.pointer, fault }
  }
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return undefined
  for (const [key, child] of Object.entries(value)) {
    const name = Array.isArray(value) ? place.name : key
    const pointer = `${place.pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const found = firstFault(child, { name, pointer }, faultAt)
    if (found !== undefined) return found
  }
  return undefined
}
