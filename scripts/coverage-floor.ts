/** What the tests ran of one file. */
export interface FileCoverage {
  /** Relative to the repository, with slashes. */
  readonly path: string
  readonly lines: number
  readonly coveredLines: number
  /** Numbers of lines that no test ran, from 1. */
  readonly missed: readonly number[]
}

/** Files of which a share of the lines must have run, in percent. */
export interface Floor {
  readonly name: string
  readonly percent: number
  readonly holds: (path: string) => boolean
}

/** STYLE 10: what decides about requests has no line that no test ran. */
export const FLOORS: readonly Floor[] = [
  { name: 'everything', percent: 95, holds: () => true },
  { name: 'src/pipeline', percent: 100, holds: (path) => path.startsWith('src/pipeline/') },
  {
    name: 'every control.ts',
    percent: 100,
    holds: (path) => /^src\/controls\/[^/]+\/control\.ts$/.test(path),
  },
]

/** Reads a report in the form of lcov (records `SF:`, `DA:`). Lines of a file that stands there twice are added up. */
export function readLcov(text: string): readonly FileCoverage[] {
  const files = new Map<string, Map<number, number>>()
  let lines = new Map<number, number>()
  for (const row of text.split('\n')) {
    if (row.startsWith('SF:')) {
      const path = row.slice(3).trim().replaceAll('\\', '/')
      lines = files.get(path) ?? new Map<number, number>()
      files.set(path, lines)
    }
    const hit = /^DA:(\d+),(\d+)/.exec(row)
    if (hit === null) continue
    const line = Number(hit[1])
    lines.set(line, (lines.get(line) ?? 0) + Number(hit[2]))
  }
  return [...files].map(([path, counts]) => coverageOf(path, counts))
}

/** A file that no test loaded. */
export function unloaded(path: string, text: string): FileCoverage {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  return coverageOf(path, new Map(Array.from({ length: lines }, (_, index) => [index + 1, 0])))
}

function coverageOf(path: string, counts: ReadonlyMap<number, number>): FileCoverage {
  const missed = [...counts].filter(([, count]) => count === 0).map(([line]) => line)
  return { path, lines: counts.size, coveredLines: counts.size - missed.length, missed }
}

/** Share of lines that ran, in percent; 100 where there are none. */
export function percentOf(files: readonly FileCoverage[]): number {
  const lines = files.reduce((sum, file) => sum + file.lines, 0)
  const covered = files.reduce((sum, file) => sum + file.coveredLines, 0)
  return lines === 0 ? 100 : (100 * covered) / lines
}

/** What lies below a floor, one sentence each. A floor that no file stands on is a fault: it would guard nothing. */
export function floorFaults(
  files: readonly FileCoverage[],
  floors: readonly Floor[] = FLOORS,
): readonly string[] {
  return floors.flatMap(({ name, percent, holds }) => {
    const own = files.filter(({ path }) => holds(path))
    if (own.length === 0) return [`${name}: no file was seen`]
    const found = percentOf(own)
    return found < percent ? [`${name}: ${found.toFixed(2)} % of lines, not ${percent} %`] : []
  })
}

/** `1-3 7`: lines as people read them. */
export function lineRanges(lines: readonly number[]): string {
  const ranges: [from: number, to: number][] = []
  for (const line of lines.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && line === last[1] + 1) last[1] = line
    else ranges.push([line, line])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(' ')
}
