interface Known {
  /** `undefined`: it was not banned. */
  readonly untilMs: number | undefined
  readonly askedMs: number
}

/** For so long nobody asks again whether a key is banned: another node may have banned it meanwhile, or lifted it. */
const KNOWN_MS = 200
const MAX_KNOWN = 16_384

/** Bans that were looked for a moment ago, so that a busy caller does not cost a round trip for each request. */
export class KnownBans {
  readonly #known = new Map<string, Known>()
  #changes = 0

  /** How often something was changed here. */
  get changes(): number {
    return this.#changes
  }

  /** What is known of a key; `undefined`: ask. */
  find(key: string, nowMs: number): Pick<Known, 'untilMs'> | undefined {
    const known = this.#known.get(key)
    if (known === undefined) return undefined
    const agedMs = nowMs - known.askedMs
    const isOver = known.untilMs !== undefined && known.untilMs <= nowMs
    if (agedMs >= 0 && agedMs < KNOWN_MS && !isOver) return known
    this.#known.delete(key)
    return undefined
  }

  remember(key: string, untilMs: number | undefined, nowMs: number): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(key, { untilMs, askedMs: nowMs })
  }

  /** It was banned or lifted by this process. */
  forget(key: string): void {
    this.#changes += 1
    this.#known.delete(key)
  }
}
