import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Exchange, RequestHead } from '../../pipeline/exchange.ts'
import type { Counters } from '../../store/counters.ts'
import type { HijackConfig } from './config.ts'
import { FEATURE_NAMES, featureReader } from './features.ts'
import type { FeatureName, Features } from './features.ts'

/** For how long what a key looked like is remembered; a token's is as long as it lives. */
const KEY_MS = 30 * 86_400_000
/** Clients of one credential that a thread knows at first sight. */
const MAX_LATEST = 4

/** A client that was found in order, as its requests come: equal texts need no look. */
interface Latest {
  readonly clientKey: string
  readonly agent: string | undefined
  /** Of the connection; not the connection itself, which would be kept with it. `protocol` is empty for plain HTTP. */
  readonly protocol: string
  readonly cipher: string
  readonly hello: string | undefined
  readonly httpVersion: string
  readonly fingerprint: string | undefined
  /** Wall clock from which it is looked at again all the same. */
  readonly untilMs: number
}

/** A credential, as one thread knows it. */
export interface Credential {
  /** What responses to it are called. */
  readonly subject: string
  /** The latest first. */
  latest: readonly Latest[]
}

/**
 * Remembers from where and by what each credential is used, for all threads and nodes: marks of the counters that end
 * by themselves. What each thread saw last it knows itself.
 */
export class CredentialBook {
  readonly #counters: Counters
  readonly #fingerprint: string | undefined
  readonly #read: (exchange: Exchange) => Features
  readonly #known = new WeakMap<Principal, Credential>()

  constructor(counters: Counters, { hijack, trustedProxies }: HijackConfig) {
    this.#counters = counters
    this.#fingerprint = hijack.fingerprint
    this.#read = featureReader(trustedProxies, hijack.fingerprint)
  }

  /** What this thread knows of the credential of a caller. */
  of(principal: Principal): Credential {
    const known = this.#known.get(principal)
    if (known !== undefined) return known
    const subject = `credential:${credentialOf(principal)}`
    const fresh = { subject, latest: [] }
    this.#known.set(principal, fresh)
    return fresh
  }

  /** Whether this is a client that the thread saw lately with the credential. */
  isKnown(credential: Credential, exchange: Exchange, nowMs: number): boolean {
    const found = this.#find(credential, exchange)
    return found !== undefined && nowMs < found.untilMs
  }

  #find({ latest }: Credential, { clientKey, head }: Exchange): Latest | undefined {
    for (const one of latest)
      if (
        one.clientKey === clientKey &&
        isSameStack(one, head) &&
        one.httpVersion === head.httpVersion &&
        one.agent === head.headers.get('user-agent') &&
        one.fingerprint === this.#told(head)
      )
        return one
    return undefined
  }

  /** Remembers the client as the latest, until then. */
  keep({ principal, clientKey, head }: Exchange, untilMs: number): void {
    const { protocol = '', cipher = '', clientClass: hello } = head.tls ?? {}
    const { httpVersion } = head
    const agent = head.headers.get('user-agent')
    const fingerprint = this.#told(head)
    const own = this.of(principal)
    const others = own.latest.filter(
      (one) => one.clientKey !== clientKey || one.agent !== agent || !isSameStack(one, head),
    )
    const fresh = { clientKey, agent, protocol, cipher, hello, httpVersion, fingerprint, untilMs }
    own.latest = [fresh, ...others.slice(0, MAX_LATEST - 1)]
  }

  #told(head: RequestHead): string | undefined {
    return this.#fingerprint === undefined ? undefined : head.headers.get(this.#fingerprint)
  }

  /** The network of a caller, as its credential is compared. */
  networkOf(exchange: Exchange): string {
    return this.#read(exchange).network
  }

  /** What is new about the client of a credential; nothing at its first use, which teaches all. */
  changes(exchange: Exchange, nowMs: number): MaybePromise<readonly FeatureName[]> {
    const { principal } = exchange
    // It was in order, and is only looked at again because time has passed.
    if (this.#find(this.of(principal), exchange) !== undefined) return []
    const features = this.#read(exchange)
    const first = `hijack:${credentialOf(principal)}`
    return andThen(this.#counters.isBanned(first, nowMs), (known) => {
      if (known === undefined)
        return andThen(this.#counters.ban(first, lifeEnd(principal, nowMs), nowMs), () =>
          andThen(this.learn(exchange, nowMs), () => []),
        )
      let found: MaybePromise<readonly FeatureName[]> = []
      for (const name of FEATURE_NAMES)
        found = andThen(found, (before) =>
          andThen(this.#isNew(name, { principal, features, nowMs }), (isNew) =>
            isNew ? [...before, name] : before,
          ),
        )
      return found
    })
  }

  #isNew(name: FeatureName, look: Look): MaybePromise<boolean> {
    const value = look.features[name]
    if (value === undefined) return false
    const mark = this.#counters.isBanned(markOf(look.principal, name, value), look.nowMs)
    return andThen(mark, (known) => {
      if (known === undefined) return true
      return name === 'stack' ? this.#isOtherHello(look) : false
    })
  }

  /** Where only resumed handshakes were seen so far, there is nothing to compare with: the first whole one is learnt. */
  #isOtherHello({ principal, features: { hello }, nowMs }: Look): MaybePromise<boolean> {
    if (hello === undefined) return false
    const counters = this.#counters
    return andThen(counters.isBanned(markOf(principal, 'hello', hello), nowMs), (known) => {
      if (known !== undefined) return false
      return andThen(counters.isBanned(markOf(principal, 'hello', ANY), nowMs), (any) =>
        any !== undefined ? true : andThen(this.#learnHello(principal, hello, nowMs), () => false),
      )
    })
  }

  /** From here on the credential may be used like this. */
  learn(exchange: Exchange, nowMs: number): MaybePromise<void> {
    const { principal } = exchange
    const features = this.#read(exchange)
    const untilMs = lifeEnd(principal, nowMs)
    let done: MaybePromise<void> = undefined
    for (const name of FEATURE_NAMES) {
      const value = features[name]
      if (value !== undefined)
        done = andThen(done, () =>
          this.#counters.ban(markOf(principal, name, value), untilMs, nowMs),
        )
    }
    const { hello } = features
    return hello === undefined
      ? done
      : andThen(done, () => this.#learnHello(principal, hello, nowMs))
  }

  #learnHello(principal: Principal, hello: string, nowMs: number): MaybePromise<void> {
    const untilMs = lifeEnd(principal, nowMs)
    const own = this.#counters.ban(markOf(principal, 'hello', hello), untilMs, nowMs)
    return andThen(own, () => this.#counters.ban(markOf(principal, 'hello', ANY), untilMs, nowMs))
  }
}

interface Look {
  readonly principal: Principal
  readonly features: Features
  readonly nowMs: number
}

/** Stands for any handshake at all; no class is called so. */
const ANY = '*'

/** A resumed handshake does not say what kind of client it is, so it is no other. */
function isSameStack({ protocol, cipher, hello }: Latest, { tls }: RequestHead): boolean {
  if (tls === undefined) return protocol === ''
  if (tls.protocol !== protocol || tls.cipher !== cipher) return false
  const { clientClass } = tls
  return clientClass === undefined || clientClass === hello
}

/** What a credential is called in counts and in `sallyport bans`. */
export function credentialOf({ kind, credentialId }: Principal): string {
  return kind === 'apiKey' ? `key:${credentialId}` : `token:${credentialId}`
}

function markOf(principal: Principal, name: keyof Features, value: string): string {
  return `hijack-${name}:${credentialOf(principal)}:${value}`
}

function lifeEnd({ expiresAtMs }: Principal, nowMs: number): number {
  return Math.max(nowMs + 1, Math.min(expiresAtMs, nowMs + KEY_MS))
}
