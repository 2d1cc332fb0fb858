import { ConfigError } from '../src/base/config-error.ts'
import type { ApiSettings } from '../src/gateway/config/settings.ts'
import { loadApis } from '../src/gateway/load-apis.ts'
import type { LoadedApi } from '../src/gateway/load-apis.ts'
import type { Finding, Operation } from '../src/openapi/model.ts'
import { parseTemplate, shapeOf } from '../src/openapi/path-template.ts'
import type { TemplateSegments } from '../src/openapi/path-template.ts'

/**
 * Operations that an overlay takes out of a document and that a wider path beside them lets through all the same:
 * without `/users/_debug` its requests are those of `/users/{name}`.
 */
export function reopenedOperations(
  apis: readonly ApiSettings[],
  loaded: readonly LoadedApi[],
): readonly Finding[] {
  return apis.flatMap((api) => {
    const found = loaded.find(({ runtime }) => runtime.model.name === api.name)
    const whole = api.overlays.length === 0 ? undefined : withoutOverlays(api)
    if (found === undefined || whole === undefined) return []
    const { operations } = found.runtime.model
    const left = new Set(operations.map(keyOf))
    return whole.runtime.model.operations
      .filter((one) => !left.has(keyOf(one)))
      .flatMap((gone) => {
        const wider = operations.find((one) => matches(one, gone, found))
        return wider === undefined ? [] : [findingOf(gone, wider)]
      })
  })
}

/** `undefined` where the document loads only with its overlays. */
function withoutOverlays(api: ApiSettings): LoadedApi | undefined {
  try {
    return loadApis([{ ...api, overlays: [] }])[0]
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

function segmentsOf({ template }: Operation): TemplateSegments {
  const parsed = parseTemplate(template)
  return parsed.ok ? parsed.segments : []
}

function keyOf(operation: Operation): string {
  return `${operation.method} ${shapeOf(segmentsOf(operation))}`
}

type Segment = TemplateSegments[number]

/** Whether the path of an operation that is gone is one of another, by its fixed texts. */
function matches(wider: Operation, gone: Operation, api: LoadedApi): boolean {
  const [its, own] = [segmentsOf(wider), segmentsOf(gone)]
  if (wider.method !== gone.method || its.length !== own.length) return false
  return its.every((segment, index) => {
    const other = own[index] ?? []
    const variable = onlyVariable(segment)
    if (variable === undefined) return shapeOf([segment]) === shapeOf([other])
    return other.some(({ kind }) => kind === 'variable') || takes(wider, variable, other, api)
  })
}

function onlyVariable([first, ...rest]: Segment): string | undefined {
  return first?.kind === 'variable' && rest.length === 0 ? first.name : undefined
}

/** Whether a path parameter takes a text: an integer or a pattern keeps most names out. */
function takes(
  { parameters }: Operation,
  name: string,
  fixed: Segment,
  { runtime }: LoadedApi,
): boolean {
  const text = fixed.map((part) => (part.kind === 'text' ? part.text : '')).join('')
  const parameter = parameters.find((one) => one.place === 'path' && one.name === name)
  const isNumber = text.trim() !== '' && Number.isFinite(Number(text))
  if (parameter?.schema === undefined || isNumber) return true
  return runtime.requestSchemas.validator(parameter.schema)(text) === undefined
}

function findingOf(gone: Operation, wider: Operation): Finding {
  return {
    severity: 'warning',
    code: 'removed-operation-matches',
    message:
      `an overlay takes out ${gone.method} ${gone.template}, and its requests are now those of ${wider.template}: ` +
      `keep it and write authorize: { operations: { ${JSON.stringify(gone.id)}: "false" } }, or give the parameter a pattern`,
    source: wider.source,
  }
}
