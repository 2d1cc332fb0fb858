import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Channel } from '../load/load.ts'
import { listening, startOn, stopAll } from '../machine/processes.ts'
import type { Started } from '../machine/processes.ts'
import { writeConfig } from './inputs.ts'
import type { Transport } from './issuer.ts'
import { PORTS } from './ports.ts'

/** A program that is measured, and where it listens. */
export interface Peer {
  readonly name: string
  readonly program: Started
  readonly ports: Readonly<Partial<Record<Channel, number>>>
}

const HERE = import.meta.dirname
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Gateways run here, what loads them on the other. */
const GATEWAY_CORE = 0
const UPSTREAM = `http://127.0.0.1:${PORTS.upstream}`

/** The name of the gateway on one transport, as it stands in the tables. */
export function ourName(transport: Transport): string {
  return `sallyport ${transport}`
}

/** The name of our own plain proxy on one transport. */
export function plainName(transport: Transport): string {
  return `own plain proxy ${transport}`
}

function node(script: string, ...args: readonly (string | number)[]): Started {
  const command = [process.execPath, join(HERE, 'peers', script), ...args.map(String)]
  return startOn(GATEWAY_CORE, command, { NODE_ENV: 'production' })
}

/** What stands beside the gateway; each listens when this resolves. */
export async function startOthers(folder: string): Promise<Peer[]> {
  const start = (...command: readonly string[]): Started => startOn(GATEWAY_CORE, command)
  const stack = [join(folder, 'public.pem'), join(HERE, 'api.yaml')]
  const undici = join(ROOT, 'node_modules/undici')
  const peers: Peer[] = [
    {
      name: 'nginx',
      program: start('nginx', '-c', join(folder, 'nginx.conf')),
      ports: { h1: PORTS.nginx, tls: PORTS.nginxTls, h2: PORTS.nginxTls },
    },
    {
      name: 'haproxy + jwt',
      program: start('haproxy', '-db', '-f', join(folder, 'haproxy.cfg')),
      ports: { h1: PORTS.haproxy },
    },
    {
      name: 'express stack',
      program: node('express.mjs', PORTS.express, UPSTREAM, ...stack),
      ports: { h1: PORTS.express },
    },
    {
      name: 'fastify stack',
      program: node('fastify.mjs', PORTS.fastify, UPSTREAM, ...stack),
      ports: { h1: PORTS.fastify },
    },
    {
      name: 'node:http + undici, no control',
      program: node('bare.mjs', PORTS.bare, UPSTREAM, undici),
      ports: { h1: PORTS.bare },
    },
  ]
  try {
    for (const { ports, program } of peers) await listening(ports.h1 ?? 0, program)
  } catch (error) {
    await stopAll(peers.map(({ program }) => program))
    throw error
  }
  return peers
}

/** Starts the gateway on one transport. Throws when it does not start, with what it said. */
export async function startOurs(
  folder: string,
  transport: Transport,
  pair: readonly [number, number] = PORTS[transport],
): Promise<Peer> {
  const [port, tlsPort] = pair
  const config = writeConfig(folder, `sallyport-${port}`, { port, tlsPort, transport })
  const command = [process.execPath, join(ROOT, 'cli/sallyport.mjs'), 'serve', '-c', config]
  return ready(ourName(transport), startOn(GATEWAY_CORE, command), pair)
}

/** Starts our own plain proxy on one transport. Throws when it does not start, with what it said. */
export async function startPlain(folder: string, transport: Transport): Promise<Peer> {
  const pair = transport === 'node' ? PORTS.plainNode : PORTS.plainFast
  const [port, tlsPort] = pair
  const config = writeConfig(folder, `plain-${port}`, { port, tlsPort, transport })
  return ready(plainName(transport), node('plain-edge.ts', config), pair)
}

async function ready(
  name: string,
  program: Started,
  [port, tlsPort]: readonly [number, number],
): Promise<Peer> {
  await listening(port, program)
  await listening(tlsPort, program)
  return { name, program, ports: { h1: port, tls: tlsPort, h2: tlsPort } }
}

/** Both forms of the gateway on each transport; one that does not start is named with its reason and left out. */
export async function startEachTransport(
  folder: string,
  transports: readonly Transport[],
): Promise<{ readonly peers: Peer[]; readonly served: Transport[] }> {
  const peers: Peer[] = []
  const served: Transport[] = []
  for (const transport of transports) {
    try {
      peers.push(await startOurs(folder, transport))
      peers.push(await startPlain(folder, transport))
      served.push(transport)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      console.log(`skipped: transport ${transport}: ${reason}`)
    }
  }
  return { peers, served }
}
