// npm run bench -- gateway [--repeats 5] [--seconds 4] [--json]: see README.md
import { execFileSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ITEM, NEW_ITEM, REPORT } from './answers.ts'
import { benchConfig, benchIssuer } from './issuer.ts'
import { cpuSeconds, listening, output, startOn } from './processes.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const [UPSTREAM_PORT, NGINX_PORT, EXPRESS_PORT, OUR_PORT, BARE_PORT] = [
  9710, 9711, 9712, 9713, 9714,
]
const CONNECTIONS = 64
const KINDS = ['small', 'post', 'big'] as const
type Kind = (typeof KINDS)[number]

interface Peer {
  readonly name: string
  readonly port: number
  readonly process: ChildProcess
}

interface Sample {
  readonly us: number
  readonly rps: number
  readonly errors: number
  readonly p50: number
  readonly p99: number
}

const repeats = numberFlag('--repeats', 5)
const seconds = numberFlag('--seconds', 4)
const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))

function numberFlag(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}

function writeInputs(): void {
  const issuer = benchIssuer(1000)
  writeFileSync(join(folder, 'public.pem'), issuer.publicPem)
  writeFileSync(join(folder, 'jwks.json'), issuer.jwks)
  writeFileSync(join(folder, 'tokens.txt'), issuer.tokens.join('\n'))
  writeFileSync(join(folder, 'body.json'), NEW_ITEM)
  writeFileSync(join(folder, 'report.json'), REPORT)
  writeFileSync(
    join(folder, 'upstream.conf'),
    nginxConf(`
    server { listen 127.0.0.1:${UPSTREAM_PORT}; keepalive_requests 1000000000; default_type application/json;
      location /v1/items { return 200 '${ITEM}'; }
      location /v1/reports { root ${folder}; rewrite ^ /report.json break; open_file_cache max=10; } }`),
  )
  writeFileSync(
    join(folder, 'nginx.conf'),
    nginxConf(`
    upstream api { server 127.0.0.1:${UPSTREAM_PORT}; keepalive 128; }
    server { listen 127.0.0.1:${NGINX_PORT}; keepalive_requests 1000000000;
      location / { proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; } }`),
  )
  writeFileSync(
    join(folder, 'sallyport.yaml'),
    benchConfig({ api: `${HERE}api.yaml`, upstreamPort: UPSTREAM_PORT, port: OUR_PORT }),
  )
}

function nginxConf(http: string): string {
  return `worker_processes 1; daemon off; pid ${folder}/${Math.random()}.pid; error_log /dev/null;
events { worker_connections 2048; }
http { access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder}; ${http} }`
}

function startPeers(): Peer[] {
  const node = process.execPath
  return [
    {
      name: 'nginx plain',
      port: NGINX_PORT,
      process: startOn(0, ['nginx', '-c', join(folder, 'nginx.conf')]),
    },
    {
      name: 'express stack',
      port: EXPRESS_PORT,
      process: startOn(
        0,
        [
          node,
          join(HERE, 'peers/express.mjs'),
          String(EXPRESS_PORT),
          `http://127.0.0.1:${UPSTREAM_PORT}`,
          join(folder, 'public.pem'),
          join(HERE, 'api.yaml'),
        ],
        { NODE_ENV: 'production' },
      ),
    },
    {
      name: 'node:http + undici, no control',
      port: BARE_PORT,
      process: startOn(0, [
        node,
        join(HERE, 'peers/bare.mjs'),
        String(BARE_PORT),
        `http://127.0.0.1:${UPSTREAM_PORT}`,
        join(ROOT, 'node_modules/undici'),
      ]),
    },
    {
      name: 'sallyport',
      port: OUR_PORT,
      process: startOn(0, [
        node,
        join(ROOT, 'cli/sallyport.mjs'),
        'serve',
        '-c',
        join(folder, 'sallyport.yaml'),
      ]),
    },
  ]
}

async function load(peer: Peer, kind: Kind, duration: number): Promise<Sample> {
  const before = cpuSeconds(peer.process.pid ?? 0)
  const text = await output(1, [
    'wrk',
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${duration}s`,
    '-s',
    join(HERE, 'peers/wrk.lua'),
    `http://127.0.0.1:${peer.port}`,
    '--',
    kind,
    join(folder, 'tokens.txt'),
    join(folder, 'body.json'),
  ])
  const used = cpuSeconds(peer.process.pid ?? 0) - before
  const [, requests = '0', errors = '0', p50 = '0', p99 = '0'] =
    /RESULT (\d+) (\d+) ([\d.]+) ([\d.]+)/.exec(text) ?? []
  return {
    us: (used * 1e6) / Number(requests),
    rps: Number(requests) / duration,
    errors: Number(errors),
    p50: Number(p50),
    p99: Number(p99),
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

async function measure(peers: readonly Peer[]): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>()
  for (const peer of peers) for (const kind of KINDS) await load(peer, kind, 2)
  // Interleaved, so that what else the machine does falls on all alike.
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const kind of KINDS) {
      for (const peer of peers) {
        const name = `${peer.name} ${kind}`
        samples.set(name, [...(samples.get(name) ?? []), await load(peer, kind, seconds)])
      }
    }
  }
  return samples
}

function report(peers: readonly Peer[], samples: ReadonlyMap<string, readonly Sample[]>): void {
  const usOf = (peer: string, kind: Kind): readonly number[] =>
    (samples.get(`${peer} ${kind}`) ?? []).map(({ us }) => us)
  console.log(
    `machine: ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}; load now ${loadavg()[0]?.toFixed(2)}; node ${process.version}; ${repeats} repeats of ${seconds} s, ${CONNECTIONS} connections`,
  )
  console.log(
    '| peer | request | CPU us/request median (least-most) | of nginx | requests/s | p50 ms | p99 ms | errors |',
  )
  console.log('|---|---|---|---|---|---|---|---|')
  for (const kind of KINDS) {
    for (const { name } of peers) {
      const all = samples.get(`${name} ${kind}`) ?? []
      const us = usOf(name, kind)
      const ratio = median(us) / median(usOf('nginx plain', kind))
      const rest = [
        median(all.map(({ rps }) => rps)).toFixed(0),
        median(all.map(({ p50 }) => p50)).toFixed(2),
        median(all.map(({ p99 }) => p99)).toFixed(2),
        all.reduce((sum, { errors }) => sum + errors, 0),
      ]
      console.log(
        `| ${name} | ${kind} | ${median(us).toFixed(1)} (${Math.min(...us).toFixed(1)}-${Math.max(...us).toFixed(1)}) | ${ratio.toFixed(2)} | ${rest.join(' | ')} |`,
      )
    }
  }
  const ours = median(usOf('sallyport', 'small'))
  console.log(
    `\nGET 300 B: sallyport is ${(ours / median(usOf('nginx plain', 'small'))).toFixed(2)} x plain nginx and 1/${(median(usOf('express stack', 'small')) / ours).toFixed(1)} of the Express stack`,
  )
}

async function main(): Promise<void> {
  if (!existsSync(join(HERE, 'node_modules')))
    execFileSync('npm', ['ci'], { cwd: HERE, stdio: 'inherit' })
  writeInputs()
  const upstream = startOn(1, ['nginx', '-c', join(folder, 'upstream.conf')])
  const peers = startPeers()
  try {
    for (const port of [UPSTREAM_PORT, ...peers.map((peer) => peer.port)]) await listening(port)
    report(peers, await measure(peers))
  } finally {
    for (const child of [upstream, ...peers.map((peer) => peer.process)]) child.kill('SIGTERM')
    setTimeout(() => rmSync(folder, { recursive: true, force: true }), 500)
  }
}

await main()
