import type { ConfigPath } from './paths.ts'
import { formatPath } from './paths.ts'
import type { Report } from './report.ts'

/** A key that DESIGN promises and this release does not have. `when` names the values that are meant; all unless said. */
export interface NotAvailable {
  /** Steps joined by dots; `*` stands for any one step. */
  readonly key: string
  readonly when?: (value: unknown) => boolean
  /** The values that are meant, for the documentation. */
  readonly values?: string
}

const startsWith =
  (...schemes: readonly string[]) =>
  (value: unknown): boolean =>
    typeof value === 'string' && schemes.some((scheme) => value.startsWith(scheme))

const isOneOf =
  (...known: readonly unknown[]) =>
  (value: unknown): boolean =>
    known.includes(value)

/** Every promised key without its feature. A key leaves this table in the change that brings the feature. */
export const NOT_AVAILABLE: readonly NotAvailable[] = [
  { key: 'listen.tls.clientCa' },
  { key: 'auth.opaque' },
  { key: 'auth.mtls' },
  { key: 'auth.sigv4' },
  { key: 'auth.signature' },
  { key: 'auth.oidc' },
  { key: 'auth.session' },
  { key: 'auth.password' },
  { key: 'auth.mfa' },
  { key: 'auth.jwt.issuers.*.dpop' },
  {
    key: 'auth.schemes.*',
    when: isOneOf('opaque', 'mtls', 'sigv4', 'signature', 'oidc', 'session', 'password'),
    values: 'opaque, mtls, sigv4, signature, oidc, session, password',
  },
  { key: 'data.seal' },
  { key: 'waf' },
  { key: 'rules.*.mfa' },
  { key: 'rules.*.waf' },
  { key: 'rules.*.data.seal' },
  { key: 'rules.*.limits.concurrency' },
  { key: 'rules.*.limits.plans' },
  { key: 'rules.*.authorize.fields.*.read.stepUp' },
  { key: 'authorize.fields.*.read.stepUp' },
  { key: 'data.classes.*.stepUp' },
  { key: 'logs.audit' },
  { key: 'alerts' },
  { key: 'admin.listen', when: startsWith('tcp:', 'http:', 'https:'), values: 'tcp:, https:' },
  { key: 'secrets', when: startsWith('kms:', 'vault:'), values: 'kms:, vault:' },
]

/** Every path of `data` that matches the steps of one entry, with its value. */
function* matches(
  data: unknown,
  steps: readonly string[],
  at: ConfigPath,
): Generator<{ at: ConfigPath; value: unknown }> {
  const [step, ...rest] = steps
  if (step === undefined) return yield { at, value: data }
  if (typeof data !== 'object' || data === null) return
  const isList = Array.isArray(data)
  for (const [key, value] of Object.entries(data)) {
    if (step === '*' || step === key) yield* matches(value, rest, [...at, isList ? +key : key])
  }
}

/** Refuses every key of `data` whose feature this release does not have. Returns the paths it refused. */
export function refuseNotAvailable(data: unknown, report: Report): readonly ConfigPath[] {
  const refused: ConfigPath[] = []
  for (const entry of NOT_AVAILABLE) {
    for (const { at, value } of matches(data, entry.key.split('.'), [])) {
      if (entry.when?.(value) === false) continue
      // Not the value itself: a connection URL holds a password.
      const name = entry.values === undefined ? '' : `: ${entry.values}`
      report.keyFault(at, `${formatPath(at)}${name} is not available yet`, 'leave it out')
      refused.push(at)
    }
  }
  return refused
}
