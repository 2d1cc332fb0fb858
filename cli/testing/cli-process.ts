import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

const CLI = join(import.meta.dirname, '..', 'sallyport.mjs')

/** How a command ended. */
export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder for one test, with the files given; removed when the test ends. */
export function makeFolder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'spc-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), 0o644)
  }
  return folder
}

/** Runs the real command line in a folder, to its end. */
export async function runCli(folder: string, ...args: readonly string[]): Promise<CliResult> {
  const child = startCli(folder, args)
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

/** Starts `serve` in a folder and waits until it listens; stopped when the test ends. */
export async function serve(
  t: TestContext,
  folder: string,
  ...args: readonly string[]
): Promise<void> {
  const child = startCli(folder, ['serve', ...args])
  let stderr = ''
  child.stdout?.resume()
  const up = new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      if (/sallyport: https?:\/\//.test(stderr)) resolve()
    })
    child.once('exit', (code) => reject(new Error(`serve ended with ${code}: ${stderr}`)))
  })
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  })
  await up
}

/** Starts the real command line in a folder; `more`: of the environment. */
export function startCli(
  folder: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): ChildProcess {
  const env = { ...process.env, NO_COLOR: '1', ...more }
  return spawn(process.execPath, [CLI, ...args], { cwd: folder, env })
}

/** An API that answers every request with one JSON value; returns its URL. */
export async function startApi(t: TestContext, value: unknown): Promise<string> {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A document with one operation that needs a credential, and a public one. */
export const DOCUMENT = `openapi: 3.1.0
info: { title: Orders, version: '1' }
paths:
  /orders/{orderId}:
    get:
      operationId: getOrder
      parameters: [{ name: orderId, in: path, required: true, schema: { type: integer } }]
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema: { type: object, properties: { id: { type: integer } } }
  /health:
    get:
      operationId: health
      security: []
      responses: { '200': { description: ok, content: { application/json: {} } } }
`
