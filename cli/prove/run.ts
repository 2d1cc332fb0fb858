import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigOptions } from '../load.ts'
import { judge, planJobs, selectCases, tryAttack } from './attacks.ts'
import type { Case, Job, Tried } from './attacks.ts'
import { proveDirectCalls } from './direct-calls.ts'
import { proveHidden } from './hidden.ts'
import { proveHonestCalls } from './honest.ts'
import { RangeHosts } from './host.ts'
import { Issuer } from './issuer.ts'
import type { Standing } from './messages.ts'
import { proveOrder } from './order.ts'
import { proveOwnOperations } from './own-operations.ts'
import { Range } from './range.ts'
import type { ProofReport, ProofRow } from './result.ts'

/** How a run is asked for. */
export interface RunRequest {
  readonly flags: ConfigOptions
  /** Control or id of CONTROLS; unsaid: everything. */
  readonly only: string | undefined
  /** Whether each API is called once past the gateway. */
  readonly callsDirectly: boolean
  /** Ends the run early; ranges and folders are cleaned up all the same. */
  readonly signal: AbortSignal
  readonly onProgress: (done: number, all: number) => void
}

/** Gateways that run at once. */
const LANES = 3

/** Tries every attack without and with its control. Rejects when a range does not start, and when aborted. */
export async function runProofs(request: RunRequest): Promise<ProofReport> {
  const startedAt = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-prove-'))
  const run = new ProofRun(request, folder)
  try {
    const rows = [...(await run.rows()), ...(await directRows(request))]
    const notProven = rows.filter(({ isProven }) => !isProven).length
    return {
      ok: notProven === 0,
      proven: rows.length - notProven,
      notProven,
      seconds: Math.round((performance.now() - startedAt) / 100) / 10,
      rows,
    }
  } finally {
    run.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function directRows({ flags, only, callsDirectly }: RunRequest): Promise<readonly ProofRow[]> {
  const isAsked = only === undefined || only.toUpperCase() === 'OUT-09'
  return callsDirectly && isAsked ? proveDirectCalls(flags) : Promise.resolve([])
}

class ProofRun {
  readonly #request: RunRequest
  readonly #folder: string
  readonly #issuer = new Issuer()
  readonly #hosts: RangeHosts
  readonly #without = new Map<Case, Tried>()
  readonly #with = new Map<Case, Tried>()
  readonly #standings = new Map<Case, Standing>()
  #checks: readonly ProofRow[] = []
  #ranges = 0
  #done = 0

  constructor(request: RunRequest, folder: string) {
    this.#request = request
    this.#folder = folder
    this.#hosts = new RangeHosts(request.signal)
  }

  close(): void {
    this.#hosts.close()
  }

  async rows(): Promise<readonly ProofRow[]> {
    const cases = selectCases(this.#request.only)
    const jobs = planJobs(cases)
    const waiting = [...jobs]
    const lane = async (): Promise<void> => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        await this.#do(job)
        this.#done += 1
        this.#request.onProgress(this.#done, jobs.length)
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    return [...this.#checks, ...cases.map((one) => this.#row(one))]
  }

  #row(one: Case): ProofRow {
    const without = this.#without.get(one)
    const withAll = this.#with.get(one)
    if (without === undefined || withAll === undefined) throw new Error('an attack was not tried')
    return judge(one, { without, with: withAll }, this.#standings.get(one) ?? 'enforce')
  }

  async #do(job: Job): Promise<void> {
    this.#request.signal.throwIfAborted()
    const isWhole = job.omit === undefined && Object.keys(job.needs).length === 0
    const range = await this.#openRange(job, isWhole)
    try {
      if (isWhole && this.#request.only === undefined) this.#checks = await checksOn(range)
      for (const [index, one] of job.cases.entries()) {
        const tried = await tryAttack(range, one.attack, index)
        this.#request.signal.throwIfAborted()
        ;(job.omit === undefined ? this.#with : this.#without).set(one, tried)
        if (job.omit === undefined)
          this.#standings.set(one, range.ready.standings[one.control] ?? 'enforce')
      }
    } finally {
      await range.close()
    }
  }

  #openRange(job: Job, withOwnApis: boolean): Promise<Range> {
    this.#ranges += 1
    return Range.open({
      flags: this.#request.flags,
      omit: job.omit,
      needs: job.needs,
      withOwnApis,
      folder: join(this.#folder, String(this.#ranges)),
      issuer: this.#issuer,
      hosts: this.#hosts,
    })
  }
}

async function checksOn(range: Range): Promise<readonly ProofRow[]> {
  return [
    ...(await proveHonestCalls(range)),
    ...(await proveOrder(range)),
    ...(await proveHidden(range)),
    ...(await proveOwnOperations(range)),
  ]
}
