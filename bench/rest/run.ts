// npm run bench -- rest [--cycles 4] [--rest 45] [--transport fast]: see README.md
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeInputs } from '../gateway/inputs.ts'
import type { Transport } from '../gateway/issuer.ts'
import { startOurs, startPlain } from '../gateway/peers.ts'
import type { Peer } from '../gateway/peers.ts'
import { PORTS } from '../gateway/ports.ts'
import { load } from '../load/load.ts'
import { describeMachine } from '../machine/noise.ts'
import { listening, startOn, stopAll } from '../machine/processes.ts'
import type { Started } from '../machine/processes.ts'
import { needPrograms } from '../machine/programs.ts'
import { scratchFolder } from '../machine/scratch.ts'
import { printTable, spread } from '../machine/statistics.ts'

const { values: options } = parseArgs({
  options: {
    cycles: { type: 'string', default: '4' },
    /** Seconds without a request. */
    rest: { type: 'string', default: '45' },
    transport: { type: 'string', default: 'fast' },
  },
})
/** Under load before the first rest, so that everything is compiled. */
const WARM_SECONDS = 8

/** CPU microseconds per request of one second, on 8 connections. */
async function second(peer: Peer, folder: string): Promise<number> {
  const { pid } = peer.program
  const place = { pid, port: peer.ports.h1 ?? 0, channel: 'h1', kind: 'small' } as const
  return (await load({ ...place, seconds: 1, folder, connections: 8 })).us
}

interface Measured {
  readonly before: number[]
  readonly after: number[]
}

async function measure(peers: readonly Peer[], folder: string): Promise<Map<string, Measured>> {
  const results = new Map<string, Measured>()
  for (const peer of peers) {
    for (let passed = 0; passed < WARM_SECONDS; passed += 1) await second(peer, folder)
    results.set(peer.name, { before: [await second(peer, folder)], after: [] })
  }
  for (let cycle = 0; cycle < Number(options.cycles); cycle += 1) {
    await sleep(Number(options.rest) * 1000)
    for (const peer of peers) {
      const result = results.get(peer.name)
      result?.after.push(await second(peer, folder))
      for (let again = 0; again < 3; again += 1) result?.before.push(await second(peer, folder))
    }
  }
  return results
}

async function main(folder: string): Promise<void> {
  const { transport } = options
  if (transport !== 'fast' && transport !== 'node') throw new Error('--transport node or fast')
  console.log(describeMachine())
  await writeInputs(folder, 0)
  const programs: Started[] = [startOn(1, ['nginx', '-c', join(folder, 'upstream.conf')])]
  try {
    await listening(PORTS.upstream, programs[0])
    const peers = await startPeers(folder, transport, programs)
    const results = await measure(peers, folder)
    printTable(
      ['peer', 'under load, us/request', `first second after ${options.rest} s of rest`],
      [...results].map(([name, { before, after }]) => [name, spread(before), spread(after)]),
    )
    console.log(describeMachine())
  } finally {
    await stopAll(programs)
  }
}

async function startPeers(
  folder: string,
  transport: Transport,
  programs: Started[],
): Promise<Peer[]> {
  const nginx = startOn(0, ['nginx', '-c', join(folder, 'nginx.conf')])
  programs.push(nginx)
  await listening(PORTS.nginx, nginx)
  const ours = await startOurs(folder, transport)
  programs.push(ours.program)
  const plain = await startPlain(folder, transport)
  programs.push(plain.program)
  return [{ name: 'nginx', program: nginx, ports: { h1: PORTS.nginx } }, ours, plain]
}

needPrograms(['nginx', 'wrk', 'openssl', 'taskset'])
await main(scratchFolder('rest'))
