import type { ApiInput, SallyportConfig } from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import type { ApiSettings } from '../settings.ts'
import { parseBasePath } from '../values/text.ts'
import type { Resolver } from './resolver.ts'
import { resolveUpstream } from './upstream.ts'

/** Name of the only API of the short form. */
export const SINGLE_API = 'api'

const SHORTHAND = ['openapi', 'overlays', 'upstream', 'basePath'] as const

function resolveApi(
  name: string,
  input: ApiInput,
  where: { readonly at: ConfigPath; readonly resolver: Resolver },
): ApiSettings {
  const { at, resolver } = where
  return {
    name,
    openapi: resolver.file([...at, 'openapi'], input.openapi),
    overlays: (input.overlays ?? []).map((file, i) => resolver.file([...at, 'overlays', i], file)),
    upstream: resolveUpstream(name, input.upstream, { at: [...at, 'upstream'], resolver }),
    basePath: input.basePath === undefined ? undefined : parseBasePath(input.basePath, ''),
  }
}

/** Every API, whether written in the short form or under `apis`; notes what is missing. */
export function resolveApis(input: SallyportConfig, resolver: Resolver): readonly ApiSettings[] {
  const { report } = resolver
  if (input.apis !== undefined) {
    for (const key of SHORTHAND.filter((key) => input[key] !== undefined)) {
      report.fault([key], `${key} stands beside apis`, 'move it into the entry of its API')
    }
    const apis = Object.entries(input.apis)
    if (apis.length === 0)
      report.fault(['apis'], 'apis names no API', 'name: { openapi, upstream }')
    return apis.map(([name, api]) => resolveApi(name, api, { at: ['apis', name], resolver }))
  }
  const { openapi, upstream, overlays, basePath } = input
  if (openapi === undefined) {
    report.fault(['openapi'], 'is missing', 'name the OpenAPI document, such as ./openapi.yaml')
  }
  if (upstream === undefined) {
    report.fault(
      ['upstream'],
      'is missing',
      'say where the API runs, such as http://127.0.0.1:3000',
    )
  }
  if (openapi === undefined || upstream === undefined) return []
  return [resolveApi(SINGLE_API, { openapi, upstream, overlays, basePath }, { at: [], resolver })]
}
