// npm run bench -- slow [--connections 1000] [--seconds 30] [--transport both] [--modes headers,body,range,read]: see README.md
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ITEM } from '../gateway/answers.ts'
import { upstreamConf } from '../load/nginx.ts'
import { describeMachine } from '../machine/noise.ts'
import { listening, output, startOn, stopAll } from '../machine/processes.ts'
import { needPrograms } from '../machine/programs.ts'
import { scratchFolder } from '../machine/scratch.ts'
import { printTable } from '../machine/statistics.ts'
import { probe } from './prober.ts'
import type { Seen } from './prober.ts'

const [UPSTREAM_PORT, PORT] = [9710, 9727]
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ATTACKER = '127.0.0.1'
const OTHER_CLIENT = '127.0.0.2'

const { values: options } = parseArgs({
  options: {
    connections: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '30' },
    transport: { type: 'string', default: 'both' },
    modes: { type: 'string', default: 'headers,body,range,read' },
  },
})

/** Options of slowhttptest, and the path it goes to. */
const MODES: Readonly<Record<string, readonly [path: string, options: readonly string[]]>> = {
  headers: ['/items/7', ['-H', '-i', '10', '-x', '24', '-p', '3']],
  body: ['/items', ['-B', '-i', '10', '-s', '8192', '-x', '10', '-t', 'POST', '-p', '3']],
  range: ['/v1/files/7', ['-R', '-t', 'GET', '-a', '10', '-b', '3000', '-p', '3']],
  read: [
    '/v1/files/7',
    ['-X', '-w', '512', '-y', '1024', '-n', '5', '-z', '32', '-k', '3', '-p', '3'],
  ],
}

const DOCUMENT = `openapi: 3.1.0
info: { title: Slow, version: "1" }
servers: [{ url: / }]
paths:
  /items/{id}: { get: { operationId: get, security: [], parameters: [{ name: id, in: path, required: true, schema: { type: integer } }], responses: { "200": { description: ok, content: { application/json: { schema: {} } } } } } }
  /items: { post: { operationId: post, security: [], requestBody: { content: { application/x-www-form-urlencoded: { schema: {} } } }, responses: { "200": { description: ok, content: { application/json: { schema: {} } } } } } }
  /v1/files/{id}: { get: { operationId: file, security: [], parameters: [{ name: id, in: path, required: true, schema: { type: integer } }], responses: { "200": { description: ok, content: { application/octet-stream: { schema: { type: string, format: binary } } } }, "206": { description: part, content: { application/octet-stream: { schema: { type: string, format: binary } } } } } } }
`

interface Run {
  readonly transport: string
  readonly mode: string
  /** The attacker's address is a trusted proxy's, so that its connections are not counted. */
  readonly isTrusted: boolean
}

function configOf({ transport, isTrusted }: Run): string {
  const trusted = isTrusted ? `, trustedProxies: ["${ATTACKER}/32"]` : ''
  return `openapi: ./openapi.yaml
upstream: http://127.0.0.1:${UPSTREAM_PORT}
transport: ${transport}
listen: { http: ${PORT}, plain: serve, address: 127.0.0.1${trusted} }
limits: { ip: 1000000/s burst 1000000, failures: off, errors: off }
logs: { sinks: ["file:./access.log"] }
store: "memory:"
`
}

interface Outcome {
  readonly seen: Seen
  /** Most connections that slowhttptest had open at a time. */
  readonly held: number
}

/** Runs one mode against a gateway of its own. */
async function attack(folder: string, run: Run): Promise<Outcome> {
  const config = join(folder, 'sallyport.yaml')
  writeFileSync(config, configOf(run))
  const command = [process.execPath, join(ROOT, 'cli/sallyport.mjs'), 'serve', '-c', config]
  const program = startOn(0, command)
  try {
    await listening(PORT, program)
    const [path, mode] = MODES[run.mode] ?? ['/', []]
    const size = ['-c', options.connections, '-r', '200', '-l', options.seconds]
    const url = `http://${ATTACKER}:${PORT}`
    const stop = probe(`${url}/items/7`, OTHER_CLIENT)
    const text = await output(1, ['slowhttptest', ...mode, ...size, '-u', `${url}${path}`])
    // What it left behind must not last either.
    await sleep(1000)
    const held = [...text.matchAll(/connected:(?:\s|\x1b\[[\d;]*m)*(\d+)/g)].map(([, number]) =>
      Number(number),
    )
    return { seen: await stop(), held: Math.max(0, ...held) }
  } finally {
    await stopAll([program])
  }
}

function rowOf({ transport, mode, isTrusted }: Run, { seen, held }: Outcome): readonly string[] {
  const ms = [seen.p50, seen.p99, seen.worst].map((value) => value.toFixed(0)).join(' / ')
  const bound = isTrusted ? 'no bound' : 'one address'
  const verdict = seen.failed === 0 ? 'available' : 'FAILED'
  return [
    transport,
    mode,
    bound,
    String(held),
    String(seen.asked),
    String(seen.failed),
    ms,
    verdict,
  ]
}

async function runAll(folder: string): Promise<void> {
  const transports = ['node', 'fast'].filter((name) => ['both', name].includes(options.transport))
  const rows: (readonly string[])[] = []
  for (const transport of transports) {
    for (const mode of options.modes.split(',')) {
      for (const isTrusted of [false, true]) {
        const run = { transport, mode, isTrusted }
        try {
          const outcome = await attack(folder, run)
          if (outcome.seen.failed > 0) process.exitCode = 1
          rows.push(rowOf(run, outcome))
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error)
          rows.push([transport, mode, `skipped: ${reason}`, '-', '-', '-', '-', '-'])
        }
      }
    }
  }
  const head =
    'transport | mode | attacker | held | asked | failed | p50 / p99 / worst ms | verdict'
  printTable(head.split(' | '), rows)
}

async function main(folder: string): Promise<void> {
  console.log(`${describeMachine()}; ${options.connections} slow connections`)
  writeFileSync(join(folder, 'openapi.yaml'), DOCUMENT)
  writeFileSync(join(folder, 'blob.bin'), Buffer.alloc(1_048_576, 'sallyport'))
  writeFileSync(
    join(folder, 'upstream.conf'),
    upstreamConf({ folder, port: UPSTREAM_PORT, item: ITEM }),
  )
  const upstream = startOn(1, ['nginx', '-c', join(folder, 'upstream.conf')])
  try {
    await listening(UPSTREAM_PORT, upstream)
    await runAll(folder)
  } finally {
    await stopAll([upstream])
  }
}

needPrograms(['nginx', 'slowhttptest', 'taskset'])
await main(scratchFolder('slow'))
