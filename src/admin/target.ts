import type { Dependency } from '../gateway/dependencies.ts'
import type { ListedBan } from '../gateway/bans.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { GrantNames } from '../gateway/grant-names.ts'
import type { KeyAdmin } from '../identity/keys/admin.ts'
import type { UnlockSubject } from '../identity/unlock-subject.ts'
import type { RelationRecords } from '../store/relations/relation.ts'
import type { LifecycleEvent } from '../telemetry/security-events.ts'

/** What `GET /status` shows. */
export interface AdminStatus {
  readonly version: string
  readonly pid: number
  readonly uptimeSeconds: number
  readonly plan: { readonly id: string; readonly hash: string }
  /** `null` when the gateway runs without a file. */
  readonly configFile: string | null
  readonly apis: readonly { readonly name: string; readonly operations: number }[]
  /** `null` before the first reload. */
  readonly lastReload: {
    readonly at: string
    readonly ok: boolean
    readonly faults: readonly string[]
  } | null
}

/** Whether traffic should be sent here. */
export interface Readiness {
  readonly isReady: boolean
  /** What is missing, such as `draining` or the name of a dependency; what is not ready for all of it is first. */
  readonly reasons: readonly string[]
  /** All that this process depends on. */
  readonly dependencies: readonly Dependency[]
}

/** Not ready: about to end, or something is away without which every request is refused (CONTROLS 3.3). */
export function readiness(dependencies: readonly Dependency[], isDraining: boolean): Readiness {
  const away = dependencies.filter(({ isUp }) => !isUp)
  const closing = away.filter(({ closes }) => closes === 'all')
  const others = away.filter(({ closes }) => closes !== 'all')
  return {
    isReady: !isDraining && closing.length === 0,
    reasons: [
      ...(isDraining ? ['draining'] : []),
      ...[...closing, ...others].map(({ name, closes }) => `${name} is away, closes ${closes}`),
    ],
    dependencies,
  }
}

/** What a reload did; the old plan stays when it failed. */
export type ReloadResult =
  | { readonly ok: true; readonly planId: string }
  /** `faults`: one sentence each, as `formatFault` writes them. */
  | { readonly ok: false; readonly faults: readonly string[] }

/** What the admin API needs of the key service. */
export type AdminKeys = Pick<
  KeyAdmin,
  'create' | 'import' | 'list' | 'due' | 'show' | 'rotate' | 'revoke' | 'update'
>

/** What anybody who can reach the health port may ask. */
export interface HealthTarget {
  ready(): Readiness
  /** Prometheus text. */
  metricsText(): string
  /** Public keys of what the gateway signs, as JSON (RFC 7517). */
  keySetText(): string
}

/** The running gateway, as the admin API sees it. */
export interface AdminTarget extends HealthTarget {
  /** Nothing is changed through this process. */
  readonly isReadOnly?: boolean
  status(): AdminStatus
  /** Never rejects: what is wrong with the configuration is its result. */
  reload(): Promise<ReloadResult>
  readonly keys: AdminKeys
  /** Names that grants of keys can be good for; `undefined` where nobody knows. */
  grantNames(): MaybePromise<GrantNames | undefined>
  readonly relations: Pick<RelationRecords, 'write'>
  /** First part of key texts, `auth.apiKey.prefix`. */
  readonly keyPrefix: string
  /** Forgets what is counted against somebody, in all threads. @returns how many counts were looked for. */
  unlock(subject: UnlockSubject): MaybePromise<number>
  /** What is done about suspicious callers now, the latest first. */
  bans(): Promise<readonly ListedBan[]>
  /** Ends what is done about a subject, and forgets its score, in all threads. */
  liftBan(subject: string): MaybePromise<void>
  /** Every change is told. */
  emit(event: LifecycleEvent): void
}
