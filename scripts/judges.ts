// npm run judges -- DIR [--only jwt|smuggle|h2] [--transport node|fast]: runs the outside judges of a folder against
// gateways that this script starts, one for each transport. DIR holds jwt-attacks.mjs, smuggle.mjs, h2-abuse.mjs and
// echo-upstream.mjs; corpora for smuggle.mjs are read from DIR/../corpus/http.
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { loadConfig } from '../src/gateway/config/load-config.ts'
import { runGateway } from '../cli/run-gateway.ts'
import type { RunningGateway } from '../cli/run-gateway.ts'

const ISSUER_PORT = 9300
const UPSTREAM_PORT = 9100
/** Switches off what would answer in place of the thing judged, and nothing else. */
const LIMITS_OFF =
  'limits: { ip: off, principal: off, failures: off, errors: off, operations: off }'

const API = `openapi: 3.1.0
info: { title: Judged, version: "1" }
components: { securitySchemes: { bearer: { type: http, scheme: bearer }, key: { type: apiKey, in: header, name: X-API-Key } } }
paths:
  /token: { get: { operationId: token, security: [{ bearer: [] }], responses: { "200": { description: ok, content: { application/json: { schema: {} } } } } } }
  /echo:
    get: { operationId: echo, security: [{ key: [] }], parameters: [{ name: q, in: query, schema: { type: string } }], responses: { "200": { description: ok, content: { application/json: { schema: {} } } } } }
    post: { operationId: echoPost, security: [{ key: [] }], requestBody: { content: { application/json: { schema: {} } } }, responses: { "200": { description: ok, content: { application/json: { schema: {} } } } } }
`

const folder = mkdtempSync(join(tmpdir(), 'sallyport-judges-'))
const judges = resolve(process.argv[2] ?? '')
const children: ChildProcess[] = []

function background(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): void {
  children.push(
    spawn(process.execPath, [join(judges, script), ...args], {
      stdio: 'ignore',
      env: { ...process.env, ...env },
    }),
  )
}

/** The judge's exit code; its report goes to this terminal. */
function judge(name: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [join(judges, name), ...args], { stdio: 'inherit' })
  return new Promise((done) => child.on('close', (code) => done(code ?? 1)))
}

async function openGateway(transport: string): Promise<RunningGateway> {
  writeFileSync(join(folder, 'openapi.yaml'), API)
  const config = `openapi: ./openapi.yaml
upstream: { url: "http://127.0.0.1:${UPSTREAM_PORT}", breaker: off }
listen: { https: 8443, http: 8080, plain: serve, address: 127.0.0.1 }
auth: { jwt: { issuers: { "http://127.0.0.1:${ISSUER_PORT}": { audience: "https://api.test", algs: [RS256, ES256, EdDSA] } } } }
logs: { sinks: ["file:./access.log"] }
store: "memory:"
transport: ${transport}
${LIMITS_OFF}
`
  writeFileSync(join(folder, 'sallyport.yaml'), config, { mode: 0o644 })
  const load = () => loadConfig(join(folder, 'sallyport.yaml'), {})
  return runGateway(await load(), { reload: load, isAlone: false, ports: { https: 0, http: 0 } })
}

function corpora(): string[] {
  const path = join(judges, '../corpus/http')
  return existsSync(path)
    ? readdirSync(path)
        .filter((name) => name.includes('.jsonl'))
        .flatMap((name) => ['--corpus', join(path, name)])
    : []
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}

/** One judge at one gateway. @returns whether it is content. */
type Trial = (running: RunningGateway, key: string) => Promise<boolean>

const trials: Readonly<Record<string, Trial>> = {
  jwt: async ({ httpPort }) => {
    const vectors = join(folder, 'jwt')
    const status = await judge('jwt-attacks.mjs', [
      'run',
      vectors,
      `http://127.0.0.1:${httpPort}/token`,
    ])
    const hits = await (await fetch(`http://127.0.0.1:${ISSUER_PORT}/hits`)).text()
    console.log(`URLs of the attacker that were fetched: ${hits}`)
    return status === 0 && hits === '{}'
  },
  smuggle: async ({ httpPort }, key) => {
    const base = [
      `http://127.0.0.1:${httpPort}`,
      echoLog,
      ...corpora(),
      '--key',
      `X-API-Key: ${key}`,
    ]
    return (await judge('smuggle.mjs', [...base, '--mark', 'sallyport-request-id'])) === 0
  },
  h2: async ({ httpsPort }, key) => {
    const base = [`https://localhost:${httpsPort}`, '--pid', String(process.pid)]
    return (await judge('h2-abuse.mjs', [...base, '--key', `x-api-key: ${key}`])) === 0
  },
}

const echoLog = join(folder, 'echo.log')

async function startHelpers(): Promise<void> {
  const vectors = join(folder, 'jwt')
  const gen = [join(judges, 'jwt-attacks.mjs'), 'gen', vectors]
  spawnSync(process.execPath, gen, { stdio: 'inherit' })
  background('jwt-attacks.mjs', ['serve', vectors, String(ISSUER_PORT)])
  background('echo-upstream.mjs', [String(UPSTREAM_PORT)], { ECHO_LOG: echoLog })
  await new Promise((done) => setTimeout(done, 1000))
}

async function main(): Promise<number> {
  if (!existsSync(join(judges, 'jwt-attacks.mjs'))) {
    console.error(
      'npm run judges -- DIR: a folder with jwt-attacks.mjs, smuggle.mjs and h2-abuse.mjs',
    )
    return 2
  }
  const only = option('--only')
  const transport = option('--transport')
  await startHelpers()
  let isContent = true
  for (const one of transport === undefined ? ['node', 'fast'] : [transport]) {
    const running = await openGateway(one)
    const made = await running.gateway.services.keys.admin.create({ name: 'judge' }, Date.now())
    for (const [name, trial] of Object.entries(trials)) {
      if (only !== undefined && only !== name) continue
      console.log(`\n${name}, transport ${one}`)
      isContent = (await trial(running, made.key.reveal())) && isContent
    }
    await running.close()
  }
  return isContent ? 0 : 1
}

try {
  process.exitCode = await main()
} finally {
  for (const child of children) child.kill()
  rmSync(folder, { recursive: true, force: true })
}
