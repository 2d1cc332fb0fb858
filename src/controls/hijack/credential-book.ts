import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Counters } from '../../store/counters.ts'
import { FEATURE_NAMES, featureReader } from './features.ts'
import type { Features } from './features.ts'

/** For how long what a key looked like is remembered; a token's is as long as it lives. */
const KEY_MS = 30 * 86_400_000

/** The request that was last found in order, as it came: equal texts need no look. */
interface Latest {
  readonly clientKey: string
  readonly agent: string | undefined
  readonly protocol: string | undefined
  readonly cipher: string | undefined
  readonly httpVersion: string
}

/** A credential, as one thread knows it. */
export interface Credential {
  /** What responses to it are called. */
  readonly subject: string
  latest: Latest | undefined
}

/** Whether this is the client that the thread saw last with the credential. */
export function isLatest({ latest }: Credential, { clientKey, head }: Exchange): boolean {
  return (
    latest !== undefined &&
    latest.clientKey === clientKey &&
    latest.httpVersion === head.httpVersion &&
    latest.cipher === head.tls?.cipher &&
    latest.protocol === head.tls?.protocol &&
    latest.agent === head.headers.get('user-agent')
  )
}

/**
 * Remembers from where and by what each credential is used, for all threads and nodes: marks of the counters that end
 * by themselves. What each thread saw last it knows itself.
 */
export class CredentialBook {
  readonly #counters: Counters
  readonly #read = featureReader()
  readonly #known = new WeakMap<Principal, Credential>()

  constructor(counters: Counters) {
    this.#counters = counters
  }

  /** What this thread knows of the credential of a caller. */
  of(principal: Principal): Credential {
    const known = this.#known.get(principal)
    if (known !== undefined) return known
    const subject = `credential:${credentialOf(principal)}`
    const fresh = { subject, latest: undefined }
    this.#known.set(principal, fresh)
    return fresh
  }

  /** Remembers the client as the latest. */
  keep({ principal, clientKey, head }: Exchange): void {
    const { tls, httpVersion } = head
    const agent = head.headers.get('user-agent')
    const { protocol, cipher } = tls ?? {}
    this.of(principal).latest = { clientKey, agent, protocol, cipher, httpVersion }
  }

  /** What is new about the client of a credential; nothing at its first use, which teaches all. */
  changes(exchange: Exchange, nowMs: number): MaybePromise<readonly (keyof Features)[]> {
    const features = this.#read(exchange)
    const first = `hijack:${credentialOf(exchange.principal)}`
    return andThen(this.#counters.isBanned(first, nowMs), (known) => {
      if (known === undefined)
        return andThen(this.#counters.ban(first, lifeEnd(exchange.principal, nowMs), nowMs), () =>
          andThen(this.learn(exchange, nowMs), () => []),
        )
      let found: MaybePromise<readonly (keyof Features)[]> = []
      for (const name of FEATURE_NAMES)
        found = andThen(found, (before) =>
          andThen(
            this.#counters.isBanned(markOf(exchange.principal, name, features), nowMs),
            (mark) => (mark === undefined ? [...before, name] : before),
          ),
        )
      return found
    })
  }

  /** From here on the credential may be used like this. */
  learn(exchange: Exchange, nowMs: number): MaybePromise<void> {
    const features = this.#read(exchange)
    const untilMs = lifeEnd(exchange.principal, nowMs)
    let done: MaybePromise<void> = undefined
    for (const name of FEATURE_NAMES)
      done = andThen(done, () =>
        this.#counters.ban(markOf(exchange.principal, name, features), untilMs, nowMs),
      )
    return done
  }
}

/** What a credential is called in counts and in `sallyport bans`. */
export function credentialOf({ kind, credentialId }: Principal): string {
  return kind === 'apiKey' ? `key:${credentialId}` : `token:${credentialId}`
}

function markOf(principal: Principal, name: keyof Features, features: Features): string {
  return `hijack-${name}:${credentialOf(principal)}:${features[name]}`
}

function lifeEnd({ expiresAtMs }: Principal, nowMs: number): number {
  return Math.max(nowMs + 1, Math.min(expiresAtMs, nowMs + KEY_MS))
}
