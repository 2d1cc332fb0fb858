import type { Sample } from '../load/load.ts'
import type { Noise } from '../machine/noise.ts'
import { median, printTable, spread } from '../machine/statistics.ts'
import { outcomes } from './goals.ts'
import type { Transport } from './issuer.ts'
import { rowName } from './rows.ts'
import type { Results, Row } from './rows.ts'

const HEAD =
  'peer | request | over | CPU us/request median (least-most) | of nginx | requests/s | p50 ms | p99 ms | p99.9 ms | errors'

const FEW_REQUESTS = 2000

/** Prints every row, with its share of nginx's row of the same request where there is one. */
export function printRows(rows: readonly Row[], results: Results): void {
  printTable(
    HEAD.split(' | '),
    rows.map((row) => cells(row, results)),
  )
}

function cells(row: Row, results: Results): string[] {
  const samples = results.get(rowName(row)) ?? []
  const of = (pick: (sample: Sample) => number): number => median(samples.map(pick))
  const us = samples.map((sample) => sample.us)
  const nginx = (results.get(nginxRow(row)) ?? []).map((sample) => sample.us)
  const errors = samples.reduce((sum, sample) => sum + sample.errors, 0)
  const late = samples.some(({ p999 }) => p999 !== undefined)
  return [
    rowName(row),
    spread(us),
    nginx.length === 0 ? '-' : (median(us) / median(nginx)).toFixed(2),
    of(({ rps }) => rps).toFixed(0),
    of(({ p50 }) => p50).toFixed(3),
    of(({ p99 }) => p99).toFixed(2),
    late ? of(({ p999 }) => p999 ?? NaN).toFixed(2) : '-',
    String(errors),
  ]
}

/** First sights of tokens are compared with nginx's plain GET. */
function nginxRow(row: Row): string {
  return row.part === 'tokens' ? 'nginx | small | h1' : rowName({ ...row, peer: 'nginx' })
}

/** Prints the goals of each transport that was measured. */
export function printGoals(transports: readonly Transport[], results: Results): void {
  for (const transport of transports) {
    console.log(`\nGoals, transport ${transport} (each repeat against the same repeat of the peer)`)
    const measured = outcomes(transport, results).filter((one) => one.verdict !== 'not measured')
    printTable(
      ['what', 'median (least-most)', 'goal', 'must', 'verdict'],
      measured.map((out) => [
        out.text,
        `${out.median.toFixed(2)} (${out.least.toFixed(2)}-${out.most.toFixed(2)})`,
        out.goal,
        out.must,
        out.verdict,
      ]),
    )
  }
}

/** Prints how much of the machine others took, over all samples. */
export function printNoise(noise: readonly Noise[], others: string): void {
  const share = (values: readonly number[]): string => spread(values.map((value) => value * 100))
  console.log(
    `\nnoise: others took ${share(noise.map((one) => one.others))} % of a core during a sample; the host took away ${share(noise.map((one) => one.stolen))} %`,
  )
  console.log(`other processes that used most CPU meanwhile: ${others}`)
}

/** Prints the rows of which a sample saw so few requests that its number says little: the machine was busy elsewhere. */
export function printThin(results: Results, seconds: number): void {
  const isThin = ({ rps }: Sample): boolean => rps * seconds < FEW_REQUESTS
  const thin = [...results].filter(
    ([name, samples]) => !/ stream | cold | p50 /.test(name) && samples.some(isThin),
  )
  if (thin.length === 0) return
  console.log(`\nfewer than ${FEW_REQUESTS} requests in a sample, measure again:`)
  for (const [name, samples] of thin)
    console.log(`  ${name}: ${samples.map(({ rps }) => Math.round(rps * seconds)).join(', ')}`)
}
