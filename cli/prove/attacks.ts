import type { Attack, ProofNeeds } from '../../src/pipeline/proof.ts'
import { AttackRange } from './attack-range.ts'
import type { Range } from './range.ts'
import type { Standing } from './messages.ts'
import { proofs } from './proofs.ts'
import type { Outcome, ProofRow } from './result.ts'

/** An attack with the control it belongs to. */
export interface Case {
  readonly control: string
  readonly attack: Attack
}

/** What an attack came to on one range. */
export interface Tried {
  readonly outcome: Outcome
  readonly ms: number
  readonly fault?: string
}

/** Attacks that one range can serve: the same control left out (or none), the same needs. */
export interface Job {
  readonly omit: string | undefined
  readonly needs: ProofNeeds
  readonly cases: readonly Case[]
}

/** The attacks that `only` names by control or id; all without it. */
export function selectCases(only: string | undefined): readonly Case[] {
  const all = proofs.flatMap(({ control, attacks }) =>
    attacks.map((attack) => ({ control, attack })),
  )
  if (only === undefined) return all
  return all.filter(({ control, attack }) => control === only || attack.id === only.toUpperCase())
}

/** One job for every control left out, and one for everything in place, per kind of needs. */
export function planJobs(cases: readonly Case[]): readonly Job[] {
  const jobs = new Map<string, { omit: string | undefined; needs: ProofNeeds; cases: Case[] }>()
  const add = (omit: string | undefined, one: Case): void => {
    const { needs = {} } = one.attack
    const key = JSON.stringify([omit ?? null, needs])
    const job = jobs.get(key) ?? { omit, needs, cases: [] }
    job.cases.push(one)
    jobs.set(key, job)
  }
  for (const one of cases) add(undefined, one)
  for (const one of cases) add(one.control, one)
  return [...jobs.values()]
}

const ATTACK_MS = 30_000

/** Tries one attack. Never rejects. `index`: its number on this range. */
export async function tryAttack(range: Range, attack: Attack, index: number): Promise<Tried> {
  const startedAt = performance.now()
  const ms = (): number => Math.round(performance.now() - startedAt)
  try {
    const isSuccess = await withinTime(attack.run(new AttackRange(range, index)))
    return { outcome: isSuccess ? 'succeeds' : 'fails', ms: ms() }
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error)
    return { outcome: 'untried', ms: ms(), fault }
  }
}

function withinTime(run: Promise<boolean>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the attack took too long')), ATTACK_MS)
    run.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** Weighs both outcomes: proven is what succeeds without the control and fails with it. */
export function judge(
  { control, attack }: Case,
  tried: { readonly without: Tried; readonly with: Tried },
  standing: Standing,
): ProofRow {
  const reason = reasonAgainst(tried, standing)
  return {
    kind: 'attack',
    control,
    id: attack.id,
    name: attack.name,
    without: tried.without.outcome,
    with: tried.with.outcome,
    isProven: reason === undefined,
    ms: tried.without.ms + tried.with.ms,
    ...(reason === undefined ? {} : { reason }),
  }
}

function reasonAgainst(
  tried: { readonly without: Tried; readonly with: Tried },
  standing: Standing,
): string | undefined {
  if (tried.with.outcome === 'untried') return `could not be tried: ${tried.with.fault ?? ''}`
  if (tried.without.outcome === 'untried')
    return `could not be tried without the control: ${tried.without.fault ?? ''}`
  if (tried.with.outcome === 'succeeds') return weakness(standing)
  return tried.without.outcome === 'fails'
    ? 'the attack does not work even without the control'
    : undefined
}

function weakness(standing: Standing): string {
  switch (standing) {
    case 'monitor':
      return 'mode monitor: the control watches and lets through'
    case 'off':
      return 'mode off: the control is switched off'
    case 'unset':
      return 'the settings switch the control off'
    default:
      return 'the control does not stop the attack'
  }
}
