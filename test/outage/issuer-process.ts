import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A server in a process of its own, which can be frozen and let go on. */
export interface OtherProcess {
  readonly url: string
  /** SIGSTOP: connections are still taken, nothing is answered. */
  freeze(): void
  thaw(): void
  end(): Promise<void>
}

const SERVER = `
import { createServer } from 'node:http'
const server = createServer((_, response) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(process.env.TEXT))
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`

/** Serves one JSON text at every path. */
export async function serveElsewhere(text: string): Promise<OtherProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SERVER], {
    env: { ...process.env, TEXT: text },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    url: `http://127.0.0.1:${Number(said.toString())}`,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    end: async () => {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}
