import { andThen } from '../../base/maybe-promise.ts'
import { isJson } from '../../http/media-type.ts'
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
import { DeclaredJudge } from './declared-judge.ts'
import {
  areAllUris,
  hasUrlExample,
  isUrl,
  urlExampleNames,
  urlPropertyNames,
} from './declared-urls.ts'
import { InsideJudge } from './inside-judge.ts'
import { Judging } from './judging.ts'
import type { JudgeText, Refused, TextRules } from './judging.ts'
import type { HostFault } from './odd-hosts.ts'
import { isRedirectName, isUrlName, looksLikeUrl } from './url-likeness.ts'
import { ValueCursor } from './value-cursor.ts'

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
    const mayBeSeen =
      config.allowHosts.size === 0 &&
      api.requestSchemas.options.formats &&
      areAllUris(declared, schemas, resources)
    const rules = compileRules({ declared, shown: urlExampleNames(schemas, resources) })
    const status = invalidStatus(operation)
    const isJudged = (name: string): boolean => rules.kindOf(name) !== undefined
    guard.onRequestBody = (exchange) => {
      const { leadingTexts, areUrlsTold } = exchange
      // What is declared as a URL is judged whatever it begins like.
      const needsValues = declared.size > 0 && !(mayBeSeen && areUrlsTold)
      if (leadingTexts?.count === 0 && !needsValues) return undefined
      const texts =
        leadingTexts === undefined || needsValues
          ? new ValueCursor(exchange.body, '', isJudged)
          : leadingTexts.cursor(isJudged)
      const refused = new Judging(texts, rules, makeJudge(config)).inTurns()
      return andThen(refused, (found) =>
        found === undefined ? undefined : { ...denialOf('url', found), status },
      )
    }
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

interface UrlNames {
  readonly declared: ReadonlySet<string>
  /** The document shows a URL as an example. */
  readonly shown: ReadonlySet<string>
}

/** What is declared as a URL must be a public https one; what only looks like one must not lead inside. */
function compileRules({ declared, shown }: UrlNames): TextRules {
  return {
    kindOf: (name) => {
      if (isRedirectName(name)) return undefined
      if (declared.has(name)) return 'declared'
      return isUrlName(name) || shown.has(name) ? 'named' : undefined
    },
    isIdle: (text) => declared.size === 0 && !looksLikeUrl(text),
  }
}

/** For the texts of one request: of those that cost much, it may have only so many. */
function makeJudge(config: UrlFieldsConfig): JudgeText<HostFault> {
  const inside = new InsideJudge(config.allowHosts)
  const declared = new DeclaredJudge(config)
  return (text, kind) => (kind === 'declared' ? declared.fault(text) : inside.fault(text))
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
    return [{ at, key, name, rules: compileRules({ declared, shown }) }]
  })
  if (looked.length === 0) return undefined
  return (values) => {
    let judge: JudgeText<HostFault> | undefined
    for (const { at, key, name, rules } of looked) {
      const value = values[at][key]
      if (value === undefined || typeof value === 'number') continue
      // Nearly all are texts that begin like no URL: nothing is made for those.
      if (typeof value === 'string' && rules.isIdle(value)) continue
      judge ??= makeJudge(config)
      const texts = new ValueCursor(value, name, (inner) => rules.kindOf(inner) !== undefined)
      const refused = new Judging(texts, rules, judge).all()
      if (refused !== undefined)
        return denialOf('url_parameter', { ...refused, pointer: `${at}/${name}${refused.pointer}` })
    }
    return undefined
  }
}

function denialOf(reason: 'url' | 'url_parameter', { pointer, fault }: Refused<HostFault>): Denial {
  return {
    reason,
    detail: `${pointer} ${fault}`,
    errors: [{ pointer, detail: 'must be a public https URL' }],
  }
}
