import { parseDuration, parseSize } from '../../../base/units.ts'
import type {
  DetectPolicy,
  EnumerationPolicy,
  Grade,
  HijackPolicy,
  HijackResponse,
  StuffingPolicy,
  VolumePolicy,
} from '../../../pipeline/detect-policy.ts'
import { DEFAULTS } from '../defaults.ts'
import type { DetectInput, GradeInput } from '../detect-input.ts'
import { parseThreshold } from '../values/threshold.ts'
import { resolveAddresses } from './addresses.ts'
import type { Resolver } from './resolver.ts'
import { isOff } from './resolver.ts'

/** The response of a part in its short form or as a block; `undefined`: off. */
function gradeOf(
  input: GradeInput | { readonly response?: GradeInput | undefined } | undefined,
  fallback: Grade,
): Grade | undefined {
  const said = typeof input === 'object' ? input.response : input
  if (said === undefined) return fallback
  return isOff(said) ? undefined : said
}

/** The block of a part; empty in its short form. */
function blockOf<T extends object>(input: T | GradeInput | undefined): Partial<T> {
  return typeof input === 'object' ? input : {}
}

function resolveEnumeration(input: DetectInput['enumeration']): EnumerationPolicy | undefined {
  const most = gradeOf(input, DEFAULTS.detect)
  const { fast, slow } = blockOf(input)
  return (
    most && {
      most,
      fast: parseThreshold(fast ?? DEFAULTS.enumerationFast, ''),
      slow: parseThreshold(slow ?? DEFAULTS.enumerationSlow, ''),
    }
  )
}

function resolveStuffing(input: DetectInput['stuffing']): StuffingPolicy | undefined {
  const most = gradeOf(input, DEFAULTS.detect)
  const { accounts, sources, spread } = blockOf(input)
  return (
    most && {
      most,
      accounts: parseThreshold(accounts ?? DEFAULTS.stuffingAccounts, ''),
      sources: parseThreshold(sources ?? DEFAULTS.stuffingSources, ''),
      spread: parseThreshold(spread ?? DEFAULTS.stuffingSpread, ''),
    }
  )
}

function resolveVolume(input: DetectInput['volume']): VolumePolicy | undefined {
  const most = gradeOf(input, DEFAULTS.detect)
  const { factor, minimum } = blockOf(input)
  return (
    most && {
      most,
      factor: factor ?? DEFAULTS.volumeFactor,
      minBytes: parseSize(minimum ?? DEFAULTS.volumeMinimum, ''),
    }
  )
}

function resolveHoneypots(input: DetectInput['honeypots']): DetectPolicy['honeypots'] {
  const most = gradeOf(input, DEFAULTS.honeypots)
  return most && { most, paths: blockOf(input).paths ?? HONEYPOT_PATHS }
}

function resolveHijack(input: DetectInput['hijack'], resolver: Resolver): HijackPolicy | undefined {
  const block = typeof input === 'object' ? input : { response: input }
  const { response = DEFAULTS.hijack, vpn, fingerprint } = block
  if (isOff(response)) return undefined
  const travel = travelOf(input)
  return {
    response,
    travel,
    vpn: resolveAddresses(vpn, ['detect', 'hijack', 'vpn'], resolver),
    fingerprint: fingerprint?.toLowerCase(),
  }
}

function travelOf(input: DetectInput['hijack']): HijackResponse | undefined {
  const said = (typeof input === 'object' ? input.travel : undefined) ?? DEFAULTS.hijackTravel
  return isOff(said) ? undefined : said
}

/** Whether it is asked where callers are, so that a database of places is needed. */
export function watchesTravel(input: DetectInput | undefined): boolean {
  const { hijack } = input ?? {}
  const response = typeof hijack === 'object' ? hijack.response : hijack
  return input !== undefined && !isOff(response) && travelOf(hijack) !== undefined
}

/** The block `detect`; `undefined` where it is not written: nothing is watched then. */
export function resolveDetect(
  input: DetectInput | undefined,
  resolver: Resolver,
): DetectPolicy | undefined {
  if (input === undefined) return undefined
  return {
    bots: gradeOf(input.bots, DEFAULTS.detect),
    enumeration: resolveEnumeration(input.enumeration),
    stuffing: resolveStuffing(input.stuffing),
    volume: resolveVolume(input.volume),
    honeypots: resolveHoneypots(input.honeypots),
    hijack: resolveHijack(input.hijack, resolver),
    blockMs: parseDuration(input.block ?? DEFAULTS.detectBlock, ''),
    acr: input.acr ?? [],
    exempt: input.exempt ?? [],
  }
}

/** What scanners ask every host for; no API serves them by accident. A path that a document declares is no honeypot. */
export const HONEYPOT_PATHS: readonly string[] = [
  '/.aws/credentials',
  '/.env',
  '/.env.bak',
  '/.env.production',
  '/.git/HEAD',
  '/.git/config',
  '/.ssh/id_rsa',
  '/.svn/entries',
  '/.vscode/sftp.json',
  '/_ignition/execute-solution',
  '/actuator/env',
  '/actuator/heapdump',
  '/backup.sql',
  '/boaform/admin/formLogin',
  '/cgi-bin/luci',
  '/config.php',
  '/dump.sql',
  '/phpinfo.php',
  '/phpmyadmin/index.php',
  '/server-status',
  '/solr/admin/info/system',
  '/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php',
  '/wp-admin/install.php',
  '/wp-config.php',
  '/wp-login.php',
  '/xmlrpc.php',
]
