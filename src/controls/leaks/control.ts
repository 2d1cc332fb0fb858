import { isJson, parseMediaType } from '../../http/media-type.ts'
import { generalPointer } from '../../openapi/infer/field-name.ts'
import type { MediaType } from '../../openapi/model.ts'
import type { Filter } from '../../openapi/schema/contract.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Evidence } from '../../pipeline/evidence.ts'
import type { UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { NO_SHAPE } from '../adopt-evidence.ts'
import { soundsLikeAuth } from '../auth-zone/is-auth-operation.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { declaredResponse } from '../responses/declared.ts'
import { mayRepeatKeys } from '../repeated-key.ts'
import { rewriteJson } from '../rewrite-json.ts'
import { configureLeaks } from './config.ts'
import type { LeaksConfig } from './config.ts'
import { MAX_SECRETS, secretFields } from './secret-fields.ts'
import type { SecretSearch } from './secret-fields.ts'
import { withoutPointers } from './without-pointers.ts'

/** While an API is being adopted, undeclared fields named like passwords, hashes and tokens are dropped at once. */
export const leaks: Control<LeaksConfig, Kit> = {
  name: 'leaks',
  ids: ['OUT-01', 'OUT-02'],
  stage: 'filter',
  scope: 'operation',
  block: 'data',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    secret_field: {
      status: 502,
      problem: 'bad_gateway',
      title: 'Bad gateway',
      event: 'sp_response_leak_blocked',
      level: 'critical',
    },
  },
  configure: configureLeaks,
  compile: (config, site, kit) => {
    const api = site === undefined ? undefined : kit.apis.get(site.operation.api)
    return site === undefined || api === undefined ? undefined : leaksGuard(config, site, api)
  },
}

/** What a log-in exists to hand out: it passes where the document leaves the answer open. */
const HANDED_OUT = /^(?:(?:access|refresh|id|auth|session|bearer|jwt)[_-]?)?token$/i

function leaksGuard({ isSecret }: LeaksConfig, site: Site, api: ApiRuntime): Guard {
  const filters = compileFilters(site, api)
  const isLogIn = soundsLikeAuth(site.operation)
  const search: SecretSearch = {
    isSecret: isLogIn ? (name) => isSecret(name) && !HANDED_OUT.test(name) : isSecret,
  }
  const isAdopting = site.policy.adopt !== undefined
  return {
    wantsResponseBody: (_exchange, response) => isJsonAnswer(response),
    onResponseBody: (exchange, body) => {
      const { upstream, replacement } = exchange
      if (upstream === undefined || !isJsonAnswer(upstream)) return undefined
      const status = declaredResponse(site.operation, upstream.status)?.status
      const filter = filters.get(status ?? '') ?? UNDESCRIBED
      const denial = withoutSecrets(replacement ?? body, filter, search)
      if (denial === undefined || !isAdopting || denial.detail === TWICE) return denial
      return { ...denial, evidence: () => secretEvidence(upstream.status, denial.detail ?? '') }
    },
  }
}

/** Where the document says nothing about the answer, nothing in it is declared. */
const UNDESCRIBED: Filter = (value, open) => {
  open?.push('')
  return { value, dropped: [] }
}

function isJsonAnswer({ headers }: UpstreamResponse): boolean {
  const type = parseMediaType(headers.get('content-type') ?? '')
  return type !== undefined && isJson(type.essence)
}

/** By status: the first JSON schema of each declared response. */
function compileFilters(site: Site, api: ApiRuntime): ReadonlyMap<string, Filter> {
  const found = [...site.operation.responses.values()].flatMap(({ status, content }) => {
    const media = content.find((one: MediaType) => one.schema !== undefined && mayBeJson(one.type))
    return media?.schema === undefined
      ? []
      : [[status, api.responseSchemas.filter(media.schema)] as const]
  })
  return new Map(found)
}

/** Generators write ranges such as "all" and mean JSON. */
function mayBeJson(type: string): boolean {
  return isJson(type) || type.includes('*')
}

function withoutSecrets(body: Buffer, filter: Filter, search: SecretSearch): Denial | undefined {
  const text = body.toString('utf8').replace(/^\uFEFF/, '')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // not JSON at all: `responses` observes that
  }
  const open: string[] = []
  const { dropped } = filter(value, open)
  const secret = [
    ...secretFields(value, dropped, { ...search, countsRoots: true }),
    ...secretFields(value, open, { ...search, countsRoots: false }),
  ]
  if (secret.length === 0) return hidden(value, text)
  const most = Math.max(open.length, dropped.length, secret.length)
  if (most >= MAX_SECRETS) return { reason: 'secret_field', detail: 'too many places to clean' }
  const left = withoutPointers(value, secret)
  return {
    reason: 'secret_field',
    detail: secret.join(' ').slice(0, 1000),
    repair: rewriteJson(left, text, value),
  }
}

const TWICE = 'a member is named twice'

/** Of members that stand twice only the last was looked at: only that may go out. */
function hidden(value: unknown, text: string): Denial | undefined {
  if (!mayRepeatKeys(value, text)) return undefined
  const repair = rewriteJson(value, text, value)
  return { reason: 'secret_field', detail: TWICE, repair }
}

function secretEvidence(status: number, detail: string): Evidence[] {
  const places = new Set(detail.split(' ').map(generalPointer))
  return [...places].map((pointer) => ({
    kind: 'response-secret-field',
    pointer: `${status}#${pointer}`,
    sample: NO_SHAPE,
  }))
}
