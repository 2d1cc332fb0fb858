import { generateKeyPairSync } from 'node:crypto'
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { TlsOptions, TLSSocket } from 'node:tls'
import { createServer } from 'node:tls'
import { Secret } from '../../base/secret.ts'
import { issueCertificate } from '../tls/issue.ts'

const DAY_MS = 86_400_000
const TWO = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** An authority of its own, with certificates for upstreams and for the gateway. */
export class TlsWorld {
  readonly #key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
  readonly #caKey = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
  readonly #pem = this.#key.export({ type: 'pkcs8', format: 'pem' })
  /** PEM of the authority. */
  readonly ca: string = this.issue(undefined, 100)

  /** What the gateway shows. */
  get clientCertificate(): { cert: string; key: Secret } {
    const cert = this.issue(['gateway.test'], 1, { usage: 'client' })
    return { cert, key: new Secret(this.#pem) }
  }

  /** A certificate; `names` undefined: the authority's own. `isForeign`: another authority signed it. */
  issue(
    names: readonly string[] | undefined,
    days = 1,
    { usage, isForeign }: { usage?: 'client'; isForeign?: boolean } = {},
  ): string {
    return issueCertificate({
      subject: names === undefined ? 'ca' : 'leaf',
      subjectKey: names === undefined ? this.#caKey : this.#key,
      issuer: 'ca',
      issuerKey: isForeign === true ? this.#key : this.#caKey,
      notBeforeMs: Date.now() - 30 * DAY_MS,
      notAfterMs: Date.now() + days * DAY_MS,
      names,
      ...(usage === undefined ? {} : { usage }),
    })
  }

  /** An upstream that answers every read with `ok`, unless `handle` does something else. @returns its port. */
  async serve(
    t: TestContext,
    options: TlsOptions,
    handle: (socket: TLSSocket) => void = answerOk,
  ): Promise<number> {
    const sockets = new Set<Socket>()
    const server = createServer({ key: this.#pem, ...options }, (socket) => {
      socket.on('error', () => socket.destroy())
      handle(socket)
    })
    server.on('connection', (socket: Socket) => sockets.add(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return (server.address() as AddressInfo).port
  }
}

/** Answers every read with `ok`. */
export function answerOk(socket: TLSSocket): void {
  socket.on('data', () => socket.write(TWO))
}
