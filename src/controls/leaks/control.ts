import { isJson, parseMediaType } from '../../http/media-type.ts'
import type { MediaType } from '../../openapi/model.ts'
import type { Filter } from '../../openapi/schema/contract.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { declaredResponse } from '../responses/declared.ts'
import { rewriteJson } from '../rewrite-json.ts'
import { configureLeaks } from './config.ts'
import type { LeaksConfig } from './config.ts'
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

function leaksGuard({ names }: LeaksConfig, site: Site, api: ApiRuntime): Guard {
  const filters = compileFilters(site, api)
  const filterOf = (response: UpstreamResponse): Filter | undefined => {
    const type = parseMediaType(response.headers.get('content-type') ?? '')
    if (type === undefined || !isJson(type.essence)) return undefined
    return filters.get(declaredResponse(site.operation, response.status)?.status ?? '')
  }
  return {
    wantsResponseBody: (_exchange, response) => filterOf(response) !== undefined,
    onResponseBody: (exchange, body) => {
      const filter = exchange.upstream === undefined ? undefined : filterOf(exchange.upstream)
      return filter === undefined
        ? undefined
        : withoutSecrets(exchange.replacement ?? body, filter, names)
    },
  }
}

/** By status: the first JSON schema of each declared response. */
function compileFilters(site: Site, api: ApiRuntime): ReadonlyMap<string, Filter> {
  const found = [...site.operation.responses.values()].flatMap(({ status, content }) => {
    const media = content.find((one: MediaType) => one.schema !== undefined && isJson(one.type))
    return media?.schema === undefined
      ? []
      : [[status, api.responseSchemas.filter(media.schema)] as const]
  })
  return new Map(found)
}

function withoutSecrets(body: Buffer, filter: Filter, names: RegExp): Denial | undefined {
  const text = body.toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // not JSON at all: `responses` observes that
  }
  const secret = filter(value).dropped.filter((pointer) => names.test(lastName(pointer)))
  if (secret.length === 0) return undefined
  const left = withoutPointers(value, secret)
  return {
    reason: 'secret_field',
    detail: secret.join(' ').slice(0, 1000),
    repair: rewriteJson(left, text),
  }
}

function lastName(pointer: string): string {
  return pointer.slice(pointer.lastIndexOf('/') + 1)
}
