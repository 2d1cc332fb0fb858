import type { FailureLimit, Rate } from '../../../base/units.ts'
import {
  parseDuration,
  parseFailureLimit,
  parseLimitKeyPart,
  parseOperationLimit,
  parseRate,
  parseSize,
} from '../../../base/units.ts'
import type { Mode, Policy } from '../../../pipeline/policy.ts'
import { BOUNDS, DEFAULTS } from '../defaults.ts'
import type {
  LimitsInput,
  ModeInput,
  OperationLimitInput,
  SallyportConfig,
  ValidateInput,
} from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import type { BlockSettings, OperationLimitSettings } from '../settings.ts'
import { parseHostName } from '../values/network.ts'
import { parseHeaderAlias } from '../values/text.ts'
import { resolveSchemes } from './auth.ts'
import { resolveAuthorize } from './authorize.ts'
import { resolveData } from './data.ts'
import type { Resolver } from './resolver.ts'
import { isOff, toList, toMode } from './resolver.ts'

/** Blocks that have a `mode`. */
export const MODE_BLOCKS = ['auth', 'authorize', 'validate', 'data', 'limits'] as const

type WithModes = {
  readonly [block in (typeof MODE_BLOCKS)[number]]?:
    | { readonly mode?: ModeInput | undefined }
    | undefined
}

/** Block -> its own mode, for the blocks that have one. */
export function resolveModes(input: WithModes): ReadonlyMap<string, Mode> {
  const modes = new Map<string, Mode>()
  for (const block of MODE_BLOCKS) {
    const mode = toMode(input[block]?.mode)
    if (mode !== undefined) modes.set(block, mode)
  }
  return modes
}

/** What a `validate` block says; keys that are not written are absent. */
export function resolveValidate(input: ValidateInput): Partial<Policy['validate']> {
  const { request, response, maxBody, maxDepth, urlHosts } = input
  return {
    ...(request !== undefined && { request: isOff(request) ? 'off' : request }),
    ...(response !== undefined && { response: isOff(response) ? 'off' : response }),
    ...(maxBody !== undefined && { maxBodyBytes: parseSize(maxBody, '') }),
    ...(maxDepth !== undefined && { maxDepth }),
    ...(urlHosts !== undefined && { urlHosts: urlHosts.map((host) => parseHostName(host, '')) }),
  }
}

/** A rate, or `undefined` for off. */
export function resolveRate(input: string | false): Rate | undefined {
  return isOff(input) ? undefined : parseRate(input, '')
}

function resolveFailures(input: string | false): FailureLimit | undefined {
  return isOff(input) ? undefined : parseFailureLimit(input, '')
}

/** The limit of an operation, or `undefined` for off; notes an object that says nothing. */
export function resolveOperationLimit(
  input: OperationLimitInput,
  at: ConfigPath,
  resolver: Resolver,
): OperationLimitSettings | undefined {
  if (isOff(input)) return undefined
  if (typeof input === 'string') return { ...parseOperationLimit(input, ''), cost: 1 }
  if (input.rate === undefined && input.cost === undefined) {
    resolver.report.fault(at, 'says neither rate nor cost', 'write { rate: 5/min } or { cost: 10 }')
  }
  if (input.by !== undefined && input.rate === undefined) {
    resolver.report.fault([...at, 'by'], 'by needs a rate', 'add rate: 5/min')
  }
  return {
    rate: input.rate === undefined ? undefined : parseRate(input.rate, ''),
    by: toList(input.by).map((part) => parseLimitKeyPart(part, '')),
    cost: input.cost ?? 1,
  }
}

function resolveOverload(input: string | false): BlockSettings['limits']['overload'] {
  if (isOff(input)) return undefined
  return { delayMs: parseDuration(input, ''), afterMs: BOUNDS.overloadAfterMs }
}

function resolveLimits(input: LimitsInput): BlockSettings['limits'] {
  return {
    ip: resolveRate(input.ip ?? DEFAULTS.ipLimit),
    principal: resolveRate(input.principal ?? DEFAULTS.principalLimit),
    failures: resolveFailures(input.failures ?? DEFAULTS.failureLimit),
    errors: resolveRate(input.errors ?? DEFAULTS.errorLimit),
    overload: resolveOverload(input.overload ?? DEFAULTS.overload),
    priority: input.priority ?? DEFAULTS.priority,
    operationsOff: isOff(input.operations),
    headerAliases: (input.headers?.aliases ?? []).map((alias) => parseHeaderAlias(alias, '')),
  }
}

function resolveOperationLimits(
  input: LimitsInput,
  resolver: Resolver,
): BlockSettings['operationLimits'] {
  if (input.operations === undefined || isOff(input.operations)) return new Map()
  return new Map(
    Object.entries(input.operations).map(([id, limit]) => [
      id,
      resolveOperationLimit(limit, ['limits', 'operations', id], resolver),
    ]),
  )
}

const VALIDATE_DEFAULTS: Policy['validate'] = {
  request: DEFAULTS.request,
  response: DEFAULTS.response,
  maxBodyBytes: parseSize(DEFAULTS.maxBody, ''),
  maxDepth: DEFAULTS.maxDepth,
  urlHosts: [],
}

/** The blocks of the policy, defaults filled in. */
export function resolveBlocks(input: SallyportConfig, resolver: Resolver): BlockSettings {
  return {
    mode: toMode(input.mode) ?? DEFAULTS.mode,
    modes: resolveModes(input),
    auth: resolveSchemes(input.auth ?? {}, resolver),
    authorize: resolveAuthorize(input.authorize ?? {}, resolver),
    validate: { ...VALIDATE_DEFAULTS, ...resolveValidate(input.validate ?? {}) },
    data: {
      errors: DEFAULTS.errors,
      compress: DEFAULTS.compress,
      uniform: new Map(),
      secrets: DEFAULTS.secretsOut,
      encode: DEFAULTS.encode,
      classes: new Map(),
      tokenize: new Map(),
      ...resolveData(input.data ?? {}),
    },
    limits: resolveLimits(input.limits ?? {}),
    operationLimits: resolveOperationLimits(input.limits ?? {}, resolver),
  }
}
