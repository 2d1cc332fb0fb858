import { compileParameters } from '../../openapi/decode/parameters.ts'
import type { DecodeDeps, ParameterFault } from '../../openapi/decode/contract.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, ParameterValues } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { TargetNotes } from '../../pipeline/target-notes.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { requestSchemas } from '../request-schemas.ts'
import { configureParameters } from './config.ts'
import type { ParametersConfig } from './config.ts'
import { parameterEvidence } from './evidence.ts'
import { isUnboundedPage, pageCap } from './page-cap.ts'

const INVALID = {
  status: 400,
  problem: 'invalid_parameter',
  title: 'Invalid parameter',
  event: 'input_validation_fail',
} as const

/** Lets in only declared parameters, in their declared style, of their declared type. */
export const parameters: Control<ParametersConfig, Kit> = {
  name: 'parameters',
  ids: ['VAL-01', 'VAL-02', 'VAL-03', 'VAL-06', 'WIRE-06'],
  stage: 'validate',
  scope: 'operation',
  block: 'validate',
  adopt: 'observe',
  onFault: 'deny',
  reasons: {
    // The same face as an unknown path: a value that cannot be valid names nothing that exists (CONTROLS 2.0).
    path_parameter: {
      status: 404,
      problem: 'not_found',
      title: 'Not found',
      event: 'input_validation_fail',
    },
    parameter: INVALID,
    enum: { ...INVALID, event: 'input_validation_discrete_fail' },
    unknown_parameter: { ...INVALID, event: 'malicious_extraneous' },
  },
  configure: configureParameters,
  compile: (config, site, kit) => {
    const api = site === undefined ? undefined : kit.apis.get(site.operation.api)
    return site === undefined || api === undefined ? undefined : parametersGuard(config, site, api)
  },
}

function parametersGuard(config: ParametersConfig, site: Site, api: ApiRuntime): Guard {
  const { kind } = config
  const decode = compileParameters(site.operation, decodeDeps(config, site, api))
  // No header field and no cookie has a part in the values.
  const isOfTarget = site.operation.parameters.every(
    ({ place }) => place === 'path' || place === 'query',
  )
  return {
    onRequest: (exchange) => {
      const { head, query } = exchange
      const notes = isOfTarget ? ownNotes(exchange) : undefined
      if (notes?.parametersSite === site) {
        exchange.parameters = notes.parameters
        return undefined
      }
      const found = decode({
        path: exchange.pathValues,
        query: query.pairs,
        header: (name) => head.headers.all(name),
      })
      if ('values' in found) {
        exchange.parameters = found.values
        if (notes !== undefined) keepValues(notes, site, found.values)
        return undefined
      }
      // Where the control only watches, later ones still judge by what could be read.
      exchange.parameters = found.partial
      const faults =
        kind === 'strict'
          ? found.faults
          : found.faults.filter(({ keyword }) => keyword !== 'unknown')
      if (faults.length === 0) return undefined
      if (site.policy.adopt === undefined) return denialOf(faults)
      return { ...denialOf(faults), evidence: () => parameterEvidence(exchange, faults) }
    },
  }
}

/** What is noted of the target, unless somebody has put other values in place of its own. */
function ownNotes({ targetNotes, pathValues, query }: Exchange): TargetNotes | undefined {
  return targetNotes?.route?.values === pathValues && targetNotes.query === query
    ? targetNotes
    : undefined
}

/** Numbers and texts can be shared by all requests for the target; lists and objects are made anew for each. */
function keepValues(notes: TargetNotes, site: Site, values: ParameterValues): void {
  const places = [values.path, values.query]
  if (places.some((place) => Object.values(place).some((value) => typeof value === 'object')))
    return
  for (const place of places) Object.freeze(place)
  notes.parameters = Object.freeze(values)
  notes.parametersSite = site
}

function decodeDeps(config: ParametersConfig, { operation }: Site, api: ApiRuntime): DecodeDeps {
  const schemas = requestSchemas(api, config)
  const { resources } = schemas
  return {
    ...api.decode,
    validator: (schema) => schemas.validator(schema),
    largest: (parameter) =>
      config.capPage !== Infinity && isUnboundedPage(operation, parameter, resources)
        ? pageCap(config.capPage, parameter, resources)
        : undefined,
  }
}

function denialOf(faults: readonly ParameterFault[]): Denial {
  const detail = faults
    .map(({ place, name, keyword }) => `${place}/${name}:${keyword}`)
    .join(' ')
    .slice(0, 1000)
  if (faults.some(({ place }) => place === 'path')) return { reason: 'path_parameter', detail }
  const keywords = new Set(faults.map(({ keyword }) => keyword))
  const reason = keywords.has('unknown')
    ? 'unknown_parameter'
    : keywords.has('enum')
      ? 'enum'
      : 'parameter'
  const errors = faults.map(({ place, name, pointer, message }) => ({
    pointer: `${place}/${name}${pointer}`,
    detail: message,
  }))
  return { reason, detail, errors }
}
