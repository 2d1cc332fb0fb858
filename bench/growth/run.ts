// npm run bench -- growth [--keys 1000000] [--routes 2000] [--rules 10000] [--cidrs 10000] [--repeats 5] [--seconds 3] [--transport node]
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadConfig } from '../../src/gateway/config/load-config.ts'
import { ITEM } from '../gateway/answers.ts'
import { upstreamConf } from '../load/nginx.ts'
import { describeMachine, watchOthers } from '../machine/noise.ts'
import {
  cpuMicros,
  listening,
  output,
  residentKiB,
  startOn,
  stopAll,
} from '../machine/processes.ts'
import type { Started } from '../machine/processes.ts'
import { needPrograms } from '../machine/programs.ts'
import { scratchFolder } from '../machine/scratch.ts'
import { median, printTable, spread } from '../machine/statistics.ts'
import { growthCidrs, growthDocument, growthRoles, MOST_CALLERS, writeKeys } from './table-size.ts'
import type { Size } from './table-size.ts'

const [UPSTREAM_PORT, FEW_PORT, MANY_PORT] = [9710, 9717, 9719]
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FEW: Size = { keys: 10, routes: 10, rules: 10, cidrs: 10 }
const [GOAL, MUST] = [1.05, 1.1]

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    routes: { type: 'string', default: '2000' },
    rules: { type: 'string', default: '10000' },
    cidrs: { type: 'string', default: '10000' },
    repeats: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    transport: { type: 'string', default: 'node' },
  },
})
const repeats = Number(options.repeats)
const seconds = Number(options.seconds)

interface Side {
  readonly program: Started
  readonly port: number
  readonly folder: string
  readonly secondsToStart: number
}

interface Row {
  readonly name: string
  readonly side: Side
  readonly callers: number
  readonly us: number[]
}

function configText(size: Size, port: number, networks: string): string {
  return JSON.stringify({
    openapi: './openapi.json',
    upstream: `http://127.0.0.1:${UPSTREAM_PORT}`,
    transport: options.transport,
    listen: {
      http: port,
      plain: 'serve',
      address: '127.0.0.1',
      ...(networks === 'trusted proxies' ? { trustedProxies: growthCidrs(size) } : {}),
    },
    ...(networks === 'denied networks' ? { network: { deny: growthCidrs(size) } } : {}),
    authorize: { roles: growthRoles(size) },
    limits: { ip: '10000000/s burst 10000000', principal: '10000000/s burst 10000000' },
    logs: { sinks: ['file:./access.log'] },
    store: 'sqlite:./sallyport.db',
  })
}

/** Denied networks where this release has them. */
async function writeConfig(folder: string, size: Size, port: number): Promise<string> {
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(join(folder, 'openapi.json'), growthDocument(size))
  for (const networks of ['denied networks', 'trusted proxies']) {
    writeFileSync(file, configText(size, port, networks))
    const isGood = await loadConfig(file, {}).then(
      () => true,
      () => false,
    )
    if (isGood) return networks
  }
  await loadConfig(file, {}) // throws what is wrong
  return ''
}

async function start(root: string, size: Size, port: number): Promise<Side> {
  const folder = join(root, String(port))
  mkdirSync(folder)
  const networks = await writeConfig(folder, size, port)
  const from = performance.now()
  await writeKeys(folder, size)
  const filled = performance.now()
  const config = join(folder, 'sallyport.yaml')
  const command = [process.execPath, join(ROOT, 'cli/sallyport.mjs'), 'serve', '-c', config]
  const program = startOn(0, command)
  await listening(port, program)
  const secondsToStart = (performance.now() - filled) / 1000
  console.log(
    `${size.keys} keys, ${size.routes} routes, ${size.rules} rules, ${size.cidrs} ${networks}: keys written in ${((filled - from) / 1000).toFixed(1)} s, started in ${secondsToStart.toFixed(1)} s`,
  )
  return { program, port, folder, secondsToStart }
}

async function sample({ side, callers }: Row, duration: number): Promise<number> {
  const before = cpuMicros(side.program.pid)
  const wrk = ['wrk', '-t1', '-c64', `-d${duration}s`, '-s', join(import.meta.dirname, 'load.lua')]
  wrk.push(`http://127.0.0.1:${side.port}`, '--', join(side.folder, 'keys.txt'), String(callers))
  const text = await output(1, wrk)
  const used = cpuMicros(side.program.pid) - before
  const [, requests = '0', errors = '0'] = /RESULT (\d+) (\d+)/.exec(text) ?? []
  if (Number(errors) > Number(requests) / 100) throw new Error(`${errors} errors of ${requests}`)
  return used / Number(requests)
}

async function measure(rows: readonly Row[]): Promise<void> {
  for (const row of rows) await sample(row, 2)
  for (let repeat = 0; repeat < repeats; repeat += 1)
    for (const row of rows) row.us.push(await sample(row, seconds))
}

function report(rows: readonly Row[]): void {
  const [base] = rows
  printTable(
    [
      'loaded',
      'CPU us/request median (least-most)',
      'of ten of each',
      'goal',
      'must',
      'MB resident',
    ],
    rows.map(({ name, us, side }) => {
      const ratios = us.map((value, repeat) => value / (base?.us[repeat] ?? NaN))
      const memory = (residentKiB(side.program.pid) / 1024).toFixed(0)
      return [name, spread(us), spread(ratios, 3), `<= ${GOAL}`, `<= ${MUST}`, memory]
    }),
  )
  for (const { name, us } of rows.slice(1)) {
    const ratio = median(us.map((value, repeat) => value / (base?.us[repeat] ?? NaN)))
    const verdict = ratio <= GOAL ? 'goal' : ratio <= MUST ? 'must' : 'missed'
    console.log(`${name}: ${ratio.toFixed(3)}: ${verdict}`)
  }
}

async function main(root: string): Promise<void> {
  const { keys, routes, rules, cidrs } = options
  const many: Size = { keys: +keys, routes: +routes, rules: +rules, cidrs: +cidrs }
  console.log(`${describeMachine()}; transport ${options.transport}`)
  writeFileSync(
    join(root, 'upstream.conf'),
    upstreamConf({ folder: root, port: UPSTREAM_PORT, item: ITEM }),
  )
  const upstream = startOn(1, ['nginx', '-c', join(root, 'upstream.conf')])
  const started = [upstream]
  try {
    await listening(UPSTREAM_PORT, upstream)
    const few = await start(root, FEW, FEW_PORT)
    started.push(few.program)
    const big = await start(root, many, MANY_PORT)
    started.push(big.program)
    const callers = Math.min(MOST_CALLERS, many.keys)
    const rows: Row[] = [
      { name: 'ten of each, 10 callers', side: few, callers: 10, us: [] },
      { name: 'all of it, 10 callers', side: big, callers: 10, us: [] },
      { name: 'all of it, 1000 callers', side: big, callers: Math.min(1000, callers), us: [] },
      { name: `all of it, ${callers} callers`, side: big, callers, us: [] },
    ]
    const others = watchOthers()
    await measure(rows)
    report(rows)
    console.log(`other processes that used most CPU meanwhile: ${others()}`)
  } finally {
    await stopAll(started)
  }
}

needPrograms(['nginx', 'wrk', 'taskset'])
await main(scratchFolder('growth'))
