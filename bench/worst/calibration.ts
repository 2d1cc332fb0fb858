/** Steps of the loop: about a fifth of a millisecond on a core of three gigahertz. */
const STEPS = 100_000

const table = Int32Array.from({ length: 4096 }, (_, at) => Math.imul(at, 0x45d9f3b))
let kept = 0

/**
 * Microseconds of a loop that is always the same: what the core's speed is just now. Hosts that lend their cores run at
 * speeds twice apart, and where two threads share one, each has half of it: four chains beside one another feel both.
 */
export function calibrate(): number {
  const start = performance.now()
  let [a, b, c, d] = [kept | 1, 2, 3, 4]
  for (let step = 0; step < STEPS; step += 1) {
    a = Math.imul(a, 0x45d9f3b) ^ (table[step & 4095] ?? 0)
    b = (b + a) ^ (table[b & 4095] ?? 0)
    c = (c ^ (c >>> 13)) + step
    d = (d + (table[c & 4095] ?? 0)) | 0
  }
  // Kept, so that the loop is not left out.
  kept = a ^ b ^ c ^ d
  return (performance.now() - start) * 1000
}

/** All loops of one run. */
export class Calibration {
  readonly #us: number[] = []

  /** Runs the loop once more; microseconds. */
  take(): number {
    const us = calibrate()
    this.#us.push(us)
    return us
  }

  /** The quickest loop so far; microseconds. */
  get bestUs(): number {
    return Math.min(...this.#us)
  }

  /** One line: how fast the core was, and how much that changed. */
  describe(): string {
    const sorted = this.#us.toSorted((a, b) => a - b)
    const at = (part: number): string => (sorted[Math.floor(part * sorted.length)] ?? 0).toFixed(0)
    return `calibration: ${STEPS} steps of a plain loop beside each round took ${at(0)} us at best, ${at(0.5)} in the median, ${at(0.99)} at the 99th percentile of ${sorted.length}`
  }
}
