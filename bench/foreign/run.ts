// npm run bench -- foreign: puts servers nobody here wrote behind three lines and behind `init`, and compares answers.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync, copyFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '../../src/gateway/config/load-config.ts'
import { runGateway } from '../../cli/run-gateway.ts'
import type { RunningGateway } from '../../cli/run-gateway.ts'
import { SERVERS } from './servers.ts'
import type { Call, ForeignServer } from './servers.ts'

const HERE = import.meta.dirname
const CLI = join(HERE, '../../cli/sallyport.mjs')

interface Answer {
  readonly status: number
  readonly body: string
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

/** Runs `use` with a fresh server, so that every round starts from the same data. */
async function withServer<T>(server: ForeignServer, use: (url: string) => Promise<T>): Promise<T> {
  const port = String(await freePort())
  const fill = (text: string): string => text.replaceAll('{port}', port)
  const [program = '', ...rest] = server.command.map(fill)
  const env = Object.fromEntries(
    Object.entries(server.env).map(([name, value]) => [name, fill(value)]),
  )
  const cwd = mkdtempSync(join(tmpdir(), 'sallyport-foreign-'))
  if (server.data !== undefined) cpSync(server.data, join(cwd, 'data'), { recursive: true })
  const child = spawn(program, rest, { cwd, env: { ...process.env, ...env }, stdio: 'ignore' })
  try {
    await answering(`http://127.0.0.1:${port}`)
    return await use(`http://127.0.0.1:${port}`)
  } finally {
    child.kill()
    rmSync(cwd, { recursive: true, force: true })
  }
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer !== undefined) return
    await sleep(100)
  }
  throw new Error(`${url} does not answer`)
}

async function send(base: string, call: Call, key: string | undefined): Promise<Answer> {
  const isJson = call.json !== undefined
  // A caller shows one credential: the API's own where the call has one, else the gateway's key.
  const hasOwn = call.headers?.['authorization'] !== undefined
  const answer = await fetch(base + call.target, {
    method: call.method,
    headers: {
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...(key === undefined || hasOwn ? {} : { 'x-api-key': key }),
      ...call.headers,
    },
    ...(isJson ? { body: JSON.stringify(call.json) } : {}),
  })
  return { status: answer.status, body: await answer.text() }
}

async function writeDocument(server: ForeignServer, url: string, folder: string): Promise<void> {
  const file = join(folder, 'openapi.json')
  if ('file' in server.document) copyFileSync(server.document.file, file)
  else writeFileSync(file, await (await fetch(url + server.document.path)).text())
}

type Setup = 'three lines' | 'init'

function configure(server: ForeignServer, url: string, folder: string, setup: Setup): void {
  const file = join(folder, 'sallyport.yaml')
  if (setup === 'init') {
    execFileSync(process.execPath, [CLI, 'init', 'openapi.json', '--upstream', url], {
      cwd: folder,
      stdio: 'ignore',
    })
    return
  }
  writeFileSync(
    file,
    `openapi: ./openapi.json\nupstream: ${url}\nlisten: { http: 8080, plain: serve }\n${server.more}`,
    { mode: 0o644 },
  )
}

async function openGateway(
  folder: string,
): Promise<{ running: RunningGateway; base: string; key: string }> {
  const load = () => loadConfig(join(folder, 'sallyport.yaml'), {})
  const loaded = await load()
  // Plain HTTP on loopback, so that the calls need no certificate; all else as configured.
  const listen = {
    ...loaded.settings.listen,
    https: undefined,
    http: 8080,
    plain: 'serve' as const,
  }
  const settings = {
    ...loaded.settings,
    listen,
    logs: {
      ...loaded.settings.logs,
      sinks: [{ kind: 'file' as const, path: join(folder, 'access.log') }],
    },
  }
  const running = await runGateway(
    { ...loaded, settings },
    { reload: load, isAlone: false, ports: { http: 0 } },
  )
  const { key } = await running.gateway.services.keys.admin.create({ name: 'foreign' }, Date.now())
  return { running, base: `http://127.0.0.1:${running.httpPort}`, key: key.reveal() }
}

async function round(
  server: ForeignServer,
  setup: Setup,
): Promise<{ same: number; refused: number; faults: string[] }> {
  const direct = await withServer(server, async (url) => {
    const answers: Answer[] = []
    for (const call of server.calls) answers.push(await send(url, call, undefined))
    return answers
  })
  return withServer(server, async (url) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-foreign-'))
    try {
      await writeDocument(server, url, folder)
      configure(server, url, folder, setup)
      const { running, base, key } = await openGateway(folder)
      try {
        return await compare(server, { base, key, direct, setup })
      } finally {
        await running.close()
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

async function compare(
  server: ForeignServer,
  {
    base,
    key,
    direct,
    setup,
  }: { base: string; key: string; direct: readonly Answer[]; setup: Setup },
): Promise<{ same: number; refused: number; faults: string[] }> {
  const faults: string[] = []
  let same = 0
  for (const [index, call] of server.calls.entries()) {
    const through = await send(base, call, key)
    const own = direct[index]
    // What the API answers with an error is replaced by a generic problem: only its status must stay.
    const isSame =
      through.status === own?.status && (own.status >= 400 || through.body === own.body)
    if (isSame) same += 1
    else
      faults.push(
        `${call.method} ${call.target}: ${own?.status} became ${through.status} ${through.body.slice(0, 160)}`,
      )
  }
  const attacks =
    setup === 'init'
      ? server.attacks.filter(({ status }) => status === 401 || status === 405)
      : server.attacks
  let refused = 0
  for (const attack of attacks) {
    const { status } = await send(base, attack, attack.isAnonymous === true ? undefined : key)
    if (status === attack.status) refused += 1
    else
      faults.push(
        `${attack.why}: ${attack.method} ${attack.target} answered ${status}, not ${attack.status}`,
      )
  }
  return { same, refused, faults }
}

if (!existsSync(join(HERE, 'node_modules')))
  execFileSync('npm', ['ci'], { cwd: HERE, stdio: 'inherit' })
if (!existsSync(join(HERE, '../documents/node_modules')))
  execFileSync('npm', ['ci'], { cwd: join(HERE, '../documents'), stdio: 'inherit' })
console.log(
  '| server | setup | honest calls with the same answer | attacks refused |\n|---|---|---|---|',
)
for (const server of SERVERS) {
  for (const setup of ['three lines', 'init'] as const) {
    const { same, refused, faults } = await round(server, setup)
    const attacks =
      setup === 'init'
        ? server.attacks.filter(({ status }) => status === 401 || status === 405)
        : server.attacks
    console.log(
      `| ${server.name} | ${setup}${setup === 'three lines' && server.more !== '' ? ` and \`${server.more.trim()}\`` : ''} | ${same} of ${server.calls.length} | ${refused} of ${attacks.length} |`,
    )
    for (const fault of faults) console.log(`  ${fault}`)
    if (faults.length > 0) process.exitCode = 1
  }
}
