import { isJson } from '../../http/media-type.ts'
import { urlFault } from '../../http/url-guard.ts'
import type { UrlFault } from '../../http/url-guard.ts'
import { childPointer } from '../../openapi/load/pointer.ts'
import type { Operation } from '../../openapi/model.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { ParameterValues } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { invalidStatus } from '../body/denials.ts'
import { isWide } from '../body/readers.ts'
import { configureUrlFields } from './config.ts'
import type { UrlFieldsConfig } from './config.ts'
import { hasUrlExample, isUrl, urlExampleNames, urlPropertyNames } from './declared-urls.ts'
import { insideFault, isRedirectName, isUrlName, looksLikeUrl } from './leads-inside.ts'

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

function urlFieldsGuard(config: UrlFieldsConfig, site: Site, api: ApiRuntime): Guard | undefined {
  const { operation } = site
  const content = operation.requestBody?.content ?? []
  const guard: Guard = {}
  const parameterFault = compileParameterFault(config, operation, api)
  if (parameterFault !== undefined)
    guard.onRequest = ({ parameters, targetNotes }) => {
      if (parameters === undefined) return undefined
      const notes = targetNotes?.parameters === parameters ? targetNotes : undefined
      if (notes?.harmless === parameters) return undefined
      const denial = parameterFault(parameters)
      if (notes !== undefined && denial === undefined) notes.harmless = parameters
      return denial
    }
  // A body that nobody reads streams on.
  if (content.some(({ type }) => isReadable(type))) {
    const schemas = content.flatMap(({ schema }) => schema ?? [])
    const { resources } = api.requestSchemas
    const declared = urlPropertyNames(schemas, resources)
    const rules = compileRules(config, { declared, shown: urlExampleNames(schemas, resources) })
    const status = invalidStatus(operation)
    // What is declared as a URL is judged whatever it begins like.
    const needsValues = declared.size > 0
    guard.onRequestBody = (exchange) =>
      exchange.isBodyWithoutUrl && !needsValues
        ? undefined
        : bodyDenial(exchange.body, rules, status)
  }
  return guard.onRequest === undefined && guard.onRequestBody === undefined ? undefined : guard
}

function isReadable(type: string): boolean {
  return isJson(type) || isWide(type) || FORMS.has(type)
}

const FORMS: ReadonlySet<string> = new Set([
  'application/x-www-form-urlencoded',
  'multipart/form-data',
])

type FaultOf = (text: string) => UrlFault | undefined

/** How texts are judged. */
interface Rules {
  /** For a text under a name; `undefined`: not at all. */
  of(name: string, text: string): FaultOf | undefined
  /** Whether any text under a name is judged: what a long list is asked once, not for each of its texts. */
  judges(name: string): boolean
}

interface UrlNames {
  readonly declared: ReadonlySet<string>
  /** The document shows a URL as an example. */
  readonly shown: ReadonlySet<string>
}

/** What is declared as a URL must be a public https one; what only looks like one must not lead inside. */
function compileRules(config: UrlFieldsConfig, { declared, shown }: UrlNames): Rules {
  const asDeclared: FaultOf = (text) => urlFault(text, config)
  const asNamed: FaultOf = (text) => insideFault(text, config.allowHosts)
  return {
    of: (name, text) => {
      const isDeclared = declared.size > 0 && declared.has(name)
      // The text is asked first: few are URLs, and names may be anything.
      if ((!isDeclared && !looksLikeUrl(text)) || isRedirectName(name)) return undefined
      if (isDeclared) return asDeclared
      return isUrlName(name) || shown.has(name) ? asNamed : undefined
    },
    judges: (name) =>
      !isRedirectName(name) && (declared.has(name) || isUrlName(name) || shown.has(name)),
  }
}

type ParameterFault = (values: ParameterValues) => Denial | undefined

const PLACES = ['path', 'query', 'header'] as const

function compileParameterFault(
  config: UrlFieldsConfig,
  { parameters }: Operation,
  { requestSchemas: { resources } }: ApiRuntime,
): ParameterFault | undefined {
  const looked = parameters.flatMap(({ name, place, schema, content }) => {
    const at = PLACES.find((one) => one === place)
    const ref = schema ?? content?.schema
    if (at === undefined || ref === undefined) return []
    const declared = new Set(urlPropertyNames([ref], resources))
    if (isUrl(resources, resources.site(ref))) declared.add(name)
    const shown = new Set(urlExampleNames([ref], resources))
    if (hasUrlExample(resources, resources.site(ref))) shown.add(name)
    const key = at === 'header' ? name.toLowerCase() : name
    return [{ at, key, name, rules: compileRules(config, { declared, shown }) }]
  })
  if (looked.length === 0) return undefined
  return (values) => {
    for (const { at, key, name, rules } of looked) {
      const found = firstFault(values[at][key], name, rules)
      if (found !== undefined)
        return denialOf('url_parameter', { ...found, pointer: `${at}/${name}${found.pointer}` })
    }
    return undefined
  }
}

function bodyDenial(body: unknown, rules: Rules, status: number): Denial | undefined {
  const found = firstFault(body, '', rules)
  return found === undefined ? undefined : { ...denialOf('url', found), status }
}

interface Found {
  readonly pointer: string
  readonly fault: UrlFault
}

function denialOf(reason: 'url' | 'url_parameter', { pointer, fault }: Found): Denial {
  return {
    reason,
    detail: `${pointer} ${fault}`,
    errors: [{ pointer, detail: 'must be a public https URL' }],
  }
}

/** A list with more items is asked first whether any text in it would be judged. */
const FEW_ITEMS = 4

/** `pointer` is inside the value. Depth and size are bounded: the JSON scan let the body in (VAL-05). */
function firstFault(value: unknown, name: string, rules: Rules): Found | undefined {
  if (typeof value === 'string') {
    const fault = rules.of(name, value)?.(value)
    return fault === undefined ? undefined : { pointer: '', fault }
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return firstInList(value, name, rules)
  const members = value as Readonly<Record<string, unknown>>
  // A third of what `for…in` costs: the engine has the names of objects at hand that it has seen the like of.
  const names = Object.keys(members)
  for (let index = 0; index < names.length; index += 1) {
    const key = names[index] ?? ''
    const member = members[key]
    if (typeof member === 'number') continue
    const found = firstFault(member, key, rules)
    if (found !== undefined) return { ...found, pointer: childPointer('', key) + found.pointer }
  }
  return undefined
}

function firstInList(list: readonly unknown[], name: string, rules: Rules): Found | undefined {
  const judgesTexts = list.length <= FEW_ITEMS || rules.judges(name)
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index]
    if (typeof item === 'number' || (!judgesTexts && typeof item === 'string')) continue
    const found = firstFault(item, name, rules)
    if (found !== undefined) return { ...found, pointer: `/${index}${found.pointer}` }
  }
  return undefined
}
