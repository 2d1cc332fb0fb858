import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { proxyConf, upstreamConf } from '../load/nginx.ts'
import { ITEM, NEW_ITEM, REPORT } from './answers.ts'
import { benchConfig, benchIssuer } from './issuer.ts'
import type { Transport } from './issuer.ts'
import { haproxyConf } from './peers/haproxy.ts'
import { PORTS } from './ports.ts'

/** Tokens that are known after the warm-up. */
const HOT_TOKENS = 1000
const MEGABYTE = 1_048_576

/**
 * Writes certificate, tokens, bodies and the configuration of every peer into `folder`. `coldTokens`: how many stand in
 * `cold.txt`, each of another caller; half as many stand in `cold-known.txt`, of the callers of `tokens.txt`.
 */
export async function writeInputs(folder: string, coldTokens: number): Promise<void> {
  const issuer = await benchIssuer(HOT_TOKENS)
  const write = (name: string, text: string | Buffer): void =>
    writeFileSync(join(folder, name), text)
  writeCertificate(folder)
  write('public.pem', issuer.publicPem)
  write('jwks.json', issuer.jwks)
  write('tokens.txt', issuer.tokens.join('\n'))
  if (coldTokens > 0) {
    const after = HOT_TOKENS + coldTokens
    const fewer = Math.ceil(coldTokens / 2)
    write('cold.txt', (await issuer.more(HOT_TOKENS, coldTokens)).join('\n'))
    write('cold-known.txt', (await issuer.more(after, fewer, HOT_TOKENS)).join('\n'))
  }
  write('body.json', NEW_ITEM)
  write('report.json', REPORT)
  write('blob.bin', Buffer.alloc(MEGABYTE, 'sallyport'))
  write('upstream.conf', upstreamConf({ folder, port: PORTS.upstream, item: ITEM }))
  const upstreamPort = PORTS.upstream
  write(
    'nginx.conf',
    proxyConf({ folder, name: 'nginx', upstreamPort, port: PORTS.nginx, tlsPort: PORTS.nginxTls }),
  )
  const [port, tlsPort] = PORTS.cold
  write('nginx-cold.conf', proxyConf({ folder, name: 'cold', upstreamPort, port, tlsPort }))
  write('haproxy.cfg', haproxyConf({ folder, upstreamPort, port: PORTS.haproxy }))
}

/** Writes one configuration of the gateway and gives its path. */
export function writeConfig(
  folder: string,
  name: string,
  place: { readonly port: number; readonly tlsPort: number; readonly transport: Transport },
): string {
  const { port, tlsPort, transport } = place
  const api = join(import.meta.dirname, 'api.yaml')
  const tls = { port: tlsPort, folder }
  const file = join(folder, `${name}.yaml`)
  writeFileSync(
    file,
    benchConfig({ api, upstreamPort: PORTS.upstream, port, tls, transport }) +
      `admin: { listen: "unix:./${name}.sock" }\n`,
  )
  return file
}

/** An ECDSA P-256 certificate, `tls.crt` and `tls.key`, for localhost and 127.0.0.1. */
export function writeCertificate(folder: string): void {
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1'
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const files = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt')]
  const rest = ['-days', '2', '-subj', '/CN=localhost', '-addext', names]
  execFileSync('openssl', ['req', '-x509', ...key, ...files, ...rest], { stdio: 'ignore' })
}
