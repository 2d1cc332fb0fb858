import { SINGLE_API } from './resolve/apis.ts'
import type { ConfigPath } from './paths.ts'
import type { PathFault } from './report.ts'
import type { RuleSettings, Settings } from './settings.ts'
import { isInsideHost, isLoopbackHost } from './values/network.ts'

const DAY_MS = 86_400_000
/** The profile is announced to end this long before. */
const NOTICE_MS = 3 * DAY_MS

function dayOf(untilMs: number): string {
  return new Date(untilMs).toISOString().replace(/T00:00:00.000Z$/, '')
}

function auditModes(settings: Settings): PathFault[] {
  const { mode, modes } = settings.blocks
  const found: PathFault[] = []
  if (mode !== 'enforce') {
    found.push({ at: ['mode'], message: `mode is ${mode}: refusals are not enforced` })
  }
  for (const [block, blockMode] of modes) {
    if (blockMode === 'enforce') continue
    found.push({ at: [block, 'mode'], message: `${block} is in mode ${blockMode}` })
  }
  return found
}

function auditNetwork(settings: Settings): PathFault[] {
  const { apis, listen } = settings
  const found: PathFault[] = []
  for (const { name, upstream } of apis) {
    const at: ConfigPath = name === SINGLE_API ? ['upstream'] : ['apis', name, 'upstream']
    for (const { origin } of upstream.origins) {
      const { protocol, hostname } = new URL(origin)
      if (protocol === 'https:' || isLoopbackHost(hostname)) continue
      found.push({ at, message: `requests to ${hostname} travel in clear (allowPlain)` })
    }
  }
  if (listen.http !== undefined && listen.plain === 'serve') {
    found.push({ at: ['listen', 'plain'], message: 'the API is served over plain HTTP' })
  }
  for (const [i, range] of listen.trustedProxies.entries()) {
    if (!range.endsWith('/0')) continue
    const message = `${range} trusts everybody: any client can claim any address`
    found.push({ at: ['listen', 'trustedProxies', i], message, cure: 'name the proxies alone' })
  }
  return found
}

/** Nothing that the operator said keeps others than the gateway from calling an API [OUT-09]. */
function auditDirectCalls({ apis }: Settings): PathFault[] {
  return apis.flatMap(({ name, upstream }): PathFault[] => {
    const { origins, identity, clientCertificate } = upstream
    if (identity?.isStated === true || clientCertificate !== undefined) return []
    const open = origins.map(({ origin }) => new URL(origin).hostname).find(isOutside)
    if (open === undefined) return []
    const message = `nothing says that ${open} accepts only the gateway: whoever calls it directly gets past every rule`
    const at: ConfigPath = name === SINGLE_API ? ['upstream'] : ['apis', name, 'upstream']
    return [{ at, message, cure: LOCK_CURE }]
  })
}

const LOCK_CURE =
  'let the API check Sallyport-Identity and write upstream: { url: …, identity: true }, or give cert and key, or use a private address'

const isOutside = (host: string): boolean => !isInsideHost(host)

function auditRule(rule: RuleSettings, nowMs: number): PathFault[] {
  if (rule.relax === undefined) return []
  const { modes, why, untilMs } = rule.relax
  const at = ['rules', rule.index, 'relax']
  const what = [...modes].map(([block, mode]) => `${block}: ${mode}`).join(', ')
  if (untilMs <= nowMs) {
    return [{ at, message: `${what} ended on ${dayOf(untilMs)}`, cure: 'remove the rule' }]
  }
  return [{ at, message: `${what} until ${dayOf(untilMs)} (${why})` }]
}

function auditProfile(settings: Settings, nowMs: number): PathFault[] {
  const { profile } = settings
  if (profile === undefined || profile.untilMs > nowMs + NOTICE_MS) return []
  const at = ['profile', 'until']
  if (profile.untilMs <= nowMs) {
    const message = `the profile ${profile.name} ended on ${dayOf(profile.untilMs)}: everything enforces`
    return [{ at, message, cure: 'remove profile' }]
  }
  const message = `the profile ${profile.name} ends on ${dayOf(profile.untilMs)}: then everything enforces`
  return [{ at, message, cure: 'sallyport adopt shows what that would refuse' }]
}

/** Everything in the settings that weakens the protection, or is about to stop doing so. Nothing here stops the start. */
export function auditSettings(settings: Settings, nowMs: number): readonly PathFault[] {
  return [
    ...auditModes(settings),
    ...auditNetwork(settings),
    ...auditDirectCalls(settings),
    ...auditProfile(settings, nowMs),
    ...settings.rules.flatMap((rule) => auditRule(rule, nowMs)),
  ]
}
