import type { Sample } from '../load/load.ts'
import { median } from '../machine/statistics.ts'
import type { Transport } from './issuer.ts'
import { ourName, plainName } from './peers.ts'
import type { Results } from './rows.ts'

/** One goal: a number made of two rows, at most (or at least) `goal`, and in any case `must`. */
interface Goal {
  readonly text: string
  readonly goal: number
  readonly must: number
  readonly ours: string
  readonly other: string
  readonly of: (ours: Sample, other: Sample) => number
  readonly isFloor: boolean
}

/** How a goal came out. */
export interface Outcome {
  readonly text: string
  readonly median: number
  readonly least: number
  readonly most: number
  readonly goal: string
  readonly must: string
  readonly verdict: 'goal' | 'must' | 'missed' | 'not measured'
}

const times = (ours: Sample, other: Sample): number => ours.us / other.us
const dearer = (ours: Sample, other: Sample): number => other.us / ours.us
const added = (ours: Sample, other: Sample): number => ours.us - other.us

const p50 = (ours: Sample, other: Sample): number => ours.p50 / other.p50
const p999 = (ours: Sample, other: Sample): number => (ours.p999 ?? NaN) / (other.p999 ?? NaN)

/** What is compared: text, row of ours, row of the other, how, goal, must. */
type GoalLine = readonly [string, string, string, Goal['of'], number, number]

const LINES: readonly GoalLine[] = [
  ['GET 300 B, x nginx', 'small | h1', 'nginx | small | h1', times, 1.5, 1.7],
  ['POST 500 B validated, x nginx', 'post | h1', 'nginx | post | h1', times, 1.7, 2],
  ['10 KB filtered, x nginx', 'big | h1', 'nginx | big | h1', times, 2.2, 2.8],
  ['GET over TLS 1.3, x nginx TLS', 'small | tls', 'nginx | small | tls', times, 1.25, 1.4],
  ['GET over h2, x nginx h2', 'small | h2', 'nginx | small | h2', times, 2, 2.5],
  [
    'first sight of a token, x HAProxy + JWT',
    'tokens 0 % | h1',
    'haproxy + jwt | tokens 0 % | h1',
    times,
    1.1,
    1.3,
  ],
  [
    'first sight of a token of a known caller, x HAProxy + JWT',
    'tokens 0 %, callers known | h1',
    'haproxy + jwt | tokens 0 % | h1',
    times,
    1.1,
    1.3,
  ],
  ['all controls add to our plain proxy, us', 'small | h1', '{plain} | small | h1', added, 10, 14],
  ['Express stack is dearer, x', 'small | h1', 'express stack | small | h1', dearer, 8, 6],
  ['Fastify stack is dearer, x', 'small | h1', 'fastify stack | small | h1', dearer, 3, 2.5],
  ['p50 of one connection, x nginx', 'p50 | h1', 'nginx | p50 | h1', p50, 1, 1],
  ['p99.9 under half load, x nginx', 'p999 | h1', 'nginx | p999 | h1', p999, 2, 2],
  ['1 MB stream, x nginx', 'stream | h1', 'nginx | stream | h1', times, 1, 1.2],
]

function goalsOf(transport: Transport): readonly Goal[] {
  return LINES.map(([text, ours, other, of, goal, must]) => ({
    text,
    of,
    goal,
    must,
    ours: `${ourName(transport)} | ${ours}`,
    other: other.replace('{plain}', plainName(transport)),
    isFloor: of === dearer,
  }))
}

/** Every goal of one transport. Both rows of one repeat are compared with each other, then the repeats. */
export function outcomes(transport: Transport, results: Results): readonly Outcome[] {
  return goalsOf(transport).map((goal) => {
    const ours = results.get(goal.ours) ?? []
    const others = results.get(goal.other) ?? []
    const numbers = ours.flatMap((sample, repeat) => {
      const other = others[repeat]
      return other === undefined ? [] : [goal.of(sample, other)]
    })
    return outcome(goal, numbers)
  })
}

function outcome(goal: Goal, numbers: readonly number[]): Outcome {
  const middle = median(numbers)
  const reaches = (bound: number): boolean => (goal.isFloor ? middle >= bound : middle <= bound)
  const sign = goal.isFloor ? '>=' : '<='
  const reached = reaches(goal.goal) ? 'goal' : reaches(goal.must) ? 'must' : 'missed'
  return {
    text: goal.text,
    median: middle,
    least: Math.min(...numbers),
    most: Math.max(...numbers),
    goal: `${sign} ${goal.goal}`,
    must: `${sign} ${goal.must}`,
    verdict: Number.isNaN(middle) ? 'not measured' : reached,
  }
}
