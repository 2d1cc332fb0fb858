import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { startShop } from '../../examples/shop/server.ts'
import type { Shop } from '../../examples/shop/server.ts'
import { loadConfig } from '../../src/gateway/config/load-config.ts'
import { runGateway } from '../run-gateway.ts'
import type { RunningGateway } from '../run-gateway.ts'

/** Shop and gateway, running, with everything a visitor needs to call both. */
export interface DemoRange {
  readonly shop: Shop
  readonly running: RunningGateway
  readonly folder: string
  readonly caFile: string
  readonly gatewayUrl: string
  readonly key: string
  readonly tokens: { readonly alice: string; readonly bob: string }
  close(): Promise<void>
}

/** Ports that are tried first; when one is taken, any other will do. */
const SHOP_PORT = 3000
const GATEWAY_PORT = 8443
const ISSUER = 'https://id.shop.example'
const AUDIENCE = 'https://api.shop.example'
/** The longest a token may live (TOK-05), so that a visitor has time to play. */
const TOKEN_LIFE = '1h'

/** Starts the shop and a gateway in front of it, in a folder of their own that `close` removes. */
export async function openDemo(): Promise<DemoRange> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-'))
  const shop = await onFreePort(SHOP_PORT, (port) => startShop({ port, quiet: true }))
  const { sign, jwks } = await makeIssuer()
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify(jwks), { mode: 0o600 })
  writeFileSync(join(folder, 'sallyport.yaml'), configText(shop.url), { mode: 0o644 })
  const load = () => loadConfig(join(folder, 'sallyport.yaml'), {})
  const running = await onFreePort(GATEWAY_PORT, async (https) =>
    runGateway(await load(), { reload: load, isAlone: true, ports: { https } }),
  )
  const { key } = await running.gateway.services.keys.admin.create(
    { owner: 'demo', name: 'demo' },
    Date.now(),
  )
  return {
    shop,
    running,
    folder,
    caFile: running.caFile ?? '',
    gatewayUrl: `https://localhost:${running.httpsPort}`,
    key: key.reveal(),
    tokens: { alice: await sign(shop.users.alice.id), bob: await sign(shop.users.bob.id) },
    close: async () => {
      await running.close()
      await shop.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The three lines, and who issues the users' tokens. */
function configText(upstream: string): string {
  const document = fileURLToPath(new URL('../../examples/shop/openapi.yaml', import.meta.url))
  return `openapi: ${JSON.stringify(document)}
upstream: ${upstream}
listen: { https: ${GATEWAY_PORT}, tls: auto }
auth: { jwt: { issuers: { ${JSON.stringify(ISSUER)}: { audience: ${JSON.stringify(AUDIENCE)}, jwks: "file:./jwks.json", maxAge: ${TOKEN_LIFE} } } } }
logs: { sinks: ["file:./sallyport.log"] }
`
}

async function makeIssuer() {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'demo', alg: 'ES256', use: 'sig' }
  const sign = (userId: number): Promise<string> =>
    new SignJWT({ client_id: 'demo-app' })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'demo' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(String(userId))
      .setIssuedAt()
      .setExpirationTime(TOKEN_LIFE)
      .sign(privateKey)
  return { sign, jwks: { keys: [jwk] } }
}

async function onFreePort<T>(preferred: number, open: (port: number) => Promise<T>): Promise<T> {
  try {
    return await open(preferred)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return open(0)
  }
}
