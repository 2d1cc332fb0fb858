import { issueFaults, issueMessage } from './faults.ts'
import type { SallyportConfig } from './input.ts'
import { refuseNotAvailable } from './not-available.ts'
import type { ConfigPath } from './paths.ts'
import { isWithin, valueAt, withoutPath } from './paths.ts'
import type { PathFault, Report } from './report.ts'
import { configSchema } from './schema/config.ts'

/** Each pass takes at least one block away, so few are needed; the bound only guards against a mistake here. */
const MAX_PASSES = 64

/** Refuses keys that JavaScript treats specially: the schema would skip them in silence. */
function refuseSpecialKeys(data: unknown, at: ConfigPath, report: Report): void {
  if (typeof data !== 'object' || data === null) return
  const isList = Array.isArray(data)
  for (const [key, value] of Object.entries(data)) {
    const here = [...at, isList ? Number(key) : key]
    if (key === '__proto__') report.keyFault(here, 'unknown key "__proto__"', 'leave it out')
    else refuseSpecialKeys(value, here, report)
  }
}

/** The path of the first block that holds itself: aliases of YAML can say so, and no walk would end. */
function circleIn(data: unknown, above: readonly object[], at: ConfigPath): ConfigPath | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const start = above.indexOf(data)
  if (start >= 0) return at.slice(0, start)
  for (const [key, value] of Object.entries(data)) {
    const here = [...at, Array.isArray(data) ? Number(key) : key]
    const found = circleIn(value, [...above, data], here)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * Checks the data of a configuration against the schema and notes every fault.
 * @returns what is left when the faulty parts are taken away, so that the checks that follow find the rest of the faults.
 */
export function checkInput(data: unknown, report: Report): SallyportConfig {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    report.fault(
      [],
      data === null ? 'is empty' : 'must be a block of keys',
      'sallyport init writes one',
    )
    return {}
  }
  const circle = circleIn(data, [], [])
  if (circle !== undefined) {
    report.fault(circle, 'holds itself', 'write it out')
    return {}
  }
  refuseSpecialKeys(data, [], report)
  const refused = refuseNotAvailable(data, report)
  const pruned = [...refused]
  let rest: unknown = data
  for (const path of pruned) rest = withoutPath(rest, path)
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const result = configSchema.safeParse(rest, { error: issueMessage })
    if (result.success) {
      report.prune(pruned)
      return result.data
    }
    const faults = result.error.issues.flatMap((issue) => issueFaults(issue, rest))
    // Later passes see what the first left behind, such as a block that lost a required key.
    if (pass === 0) report.faults.push(...faults.filter(isFirstHand(rest, refused)))
    for (const { at } of faults) {
      const point = prunePoint(rest, at)
      pruned.push(point)
      rest = withoutPath(rest, point)
    }
  }
  report.prune([[]])
  return {}
}

/** Whether a fault is the operator's: what is missing beside a key that was refused stood in that key (`urls` for `url`). */
function isFirstHand(data: unknown, refused: readonly ConfigPath[]): (fault: PathFault) => boolean {
  return ({ at, isKey }) => {
    if (isKey === true || valueAt(data, at) !== undefined) return true
    const parent = at.slice(0, -1)
    return !refused.some((path) => path.length === at.length && isWithin(path, parent))
  }
}

/** What to take away for a fault: the value, or what it is missing from. */
function prunePoint(data: unknown, at: ConfigPath): ConfigPath {
  return valueAt(data, at) === undefined ? at.slice(0, -1) : at
}
