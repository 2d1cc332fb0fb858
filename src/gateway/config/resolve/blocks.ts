import { parseSize } from '../../../base/units.ts'
import type { Mode, Policy } from '../../../pipeline/policy.ts'
import { DEFAULTS } from '../defaults.ts'
import type { ModeInput, OffInput, SallyportConfig, ValidateInput } from '../input.ts'
import type { BlockSettings } from '../settings.ts'
import { parseUrlHost } from '../values/network.ts'
import { resolveSchemes } from './auth.ts'
import { resolveAuthorize } from './authorize.ts'
import { resolveData } from './data.ts'
import { resolveDetect } from './detect.ts'
import { resolveLimits, resolveOperationLimits } from './limits.ts'
import { resolveNetwork } from './network.ts'
import type { Resolver } from './resolver.ts'
import { isOff, toMode } from './resolver.ts'

/** Blocks that have a `mode`. */
export const MODE_BLOCKS = [
  'auth',
  'authorize',
  'validate',
  'data',
  'limits',
  'network',
  'detect',
] as const

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
  const { request, response, maxBody, maxDepth, maxNames, urlHosts, caps } = input
  return {
    ...(request !== undefined && { request: isOff(request) ? 'off' : request }),
    ...(response !== undefined && { response: isOff(response) ? 'off' : response }),
    ...(maxBody !== undefined && { maxBodyBytes: parseSize(maxBody, '') }),
    ...(maxDepth !== undefined && { maxDepth }),
    ...(maxNames !== undefined && { maxNames }),
    ...(urlHosts !== undefined && { urlHosts: urlHosts.map((host) => parseUrlHost(host, '')) }),
    ...(caps !== undefined && resolveCaps(caps)),
  }
}

type Caps = Pick<Policy['validate'], 'capLength' | 'capItems' | 'capPage'>

const NO_CAPS: Caps = { capLength: Infinity, capItems: Infinity, capPage: Infinity }
const ALL_CAPS: Caps = {
  capLength: DEFAULTS.capString,
  capItems: DEFAULTS.capArray,
  capPage: DEFAULTS.capPage,
}

/** What `caps` says; bounds that are not written are absent. */
function resolveCaps(caps: NonNullable<ValidateInput['caps']>): Partial<Caps> {
  if (caps === 'on') return ALL_CAPS
  if (caps === false || caps === 'off') return NO_CAPS
  const { string, array, page } = caps
  return {
    ...(string !== undefined && { capLength: boundOf(string) }),
    ...(array !== undefined && { capItems: boundOf(array) }),
    ...(page !== undefined && { capPage: boundOf(page) }),
  }
}

function boundOf(cap: number | OffInput): number {
  return typeof cap === 'number' ? cap : Infinity
}

/** Where `caps` is written at the top, the bounds that it leaves out are the usual ones. */
function capDefaults({ caps }: ValidateInput): Caps {
  return caps === undefined ? { ...NO_CAPS, capPage: DEFAULTS.capPage } : ALL_CAPS
}

const VALIDATE_DEFAULTS: Omit<Policy['validate'], keyof Caps> = {
  request: DEFAULTS.request,
  response: DEFAULTS.response,
  maxBodyBytes: parseSize(DEFAULTS.maxBody, ''),
  maxDepth: DEFAULTS.maxDepth,
  maxNames: DEFAULTS.maxNames,
  urlHosts: [],
}

/** The blocks of the policy, defaults filled in. */
export function resolveBlocks(input: SallyportConfig, resolver: Resolver): BlockSettings {
  return {
    mode: toMode(input.mode) ?? DEFAULTS.mode,
    modes: resolveModes(input),
    auth: resolveSchemes(input.auth ?? {}, resolver),
    authorize: resolveAuthorize(input.authorize ?? {}, resolver),
    validate: {
      ...VALIDATE_DEFAULTS,
      ...capDefaults(input.validate ?? {}),
      ...resolveValidate(input.validate ?? {}),
    },
    network: resolveNetwork(input.network, resolver),
    detect: resolveDetect(input.detect, resolver),
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
    limits: resolveLimits(input.limits ?? {}, resolver),
    operationLimits: resolveOperationLimits(input.limits ?? {}, resolver),
  }
}
