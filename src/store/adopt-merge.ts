import type { AdoptFinding } from './records.ts'
import { MAX_POINTER_CHARS, MAX_SAMPLE_CHARS } from './records.ts'

/** A finding with its texts cut to what a store keeps. */
export function clipFinding(finding: AdoptFinding): AdoptFinding {
  return {
    ...finding,
    pointer: finding.pointer.slice(0, MAX_POINTER_CHARS),
    sample: finding.sample.slice(0, MAX_SAMPLE_CHARS),
  }
}

/** Both counts together, the wider span, the sample of the later one. */
export function mergeFindings(a: AdoptFinding, b: AdoptFinding): AdoptFinding {
  const later = b.lastAtMs >= a.lastAtMs ? b : a
  return {
    ...a,
    sample: later.sample,
    count: a.count + b.count,
    firstAtMs: Math.min(a.firstAtMs, b.firstAtMs),
    lastAtMs: later.lastAtMs,
  }
}
