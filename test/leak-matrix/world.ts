import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../src/base/testing/free-port.ts'
import { startShop } from '../../examples/shop/server.ts'
import type { Ask, Got } from '../kit/ask.ts'
import { asker } from '../kit/ask.ts'
import type { TestGateway } from '../kit/gateway.ts'
import { startGateway } from '../kit/gateway.ts'
import { makeIssuer } from '../kit/issuer.ts'
import type { Canary, Owner } from './rows.ts'
import { ShopRows } from './rows.ts'

const SHOP = fileURLToPath(new URL('../../examples/shop/', import.meta.url))

/** Somebody who calls. */
export interface Caller {
  readonly name: string
  /** Whose rows are its own; `undefined`: nobody's. */
  readonly owner: Owner | undefined
  readonly isStaff: boolean
  readonly credential: () => Promise<Readonly<Record<string, string>>>
}

/** The shop behind a gateway, with its rows marked. */
export interface World {
  readonly rows: ShopRows
  readonly callers: readonly Caller[]
  readonly gateway: TestGateway
  ask(caller: Caller, plan: Ask): Promise<Got>
  close(): Promise<void>
}

/** Rules of the policy beside the shop, as they are where its users belong to stores. */
const TENANTS: Readonly<Record<string, string>> = {
  'User: string(response.id) == subject.id || "admin" in subject.roles':
    'User: response.store == subject.tenant && (string(response.id) == subject.id || "admin" in subject.roles)\n' +
    '    Order: response.store == subject.tenant && string(response.userId) == subject.id\n' +
    '    OrderRow: response.store == subject.tenant && string(response.userId) == subject.id',
  'operations:\n':
    'operations:\n    createOrder: subject.tenant == "north"\n    returnOrders: subject.tenant == "north"\n',
  'adminDeleteUser: \'"admin" in subject.roles\'':
    'adminDeleteUser: \'"admin" in subject.roles && subject.tenant == "north"\'',
  'salesReport: \'"admin" in subject.roles\'':
    'salesReport: \'"admin" in subject.roles && subject.tenant == "north"\'',
  'addProductImage: \'"admin" in subject.roles\'':
    'addProductImage: \'"admin" in subject.roles && subject.tenant == "north"\'',
}

/** @param authorize `monitor`: nothing is held back by it. */
export async function startWorld(
  transport: 'node' | 'fast',
  authorize: 'enforce' | 'monitor',
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-matrix-'))
  const healthPort = await freePort()
  const keys = `http://127.0.0.1:${healthPort}/.well-known/jwks.json`
  const database = join(folder, 'shop.db')
  const shop = await startShop({ quiet: true, database, gateway: { keys, audience: 'api' } })
  const rows = new ShopRows(database)
  const issuer = await makeIssuer('https://id.shop.example', 'https://api.shop.example')
  const gateway = await startGateway({
    isAlone: true,
    transport,
    yaml: policy({
      ...TENANTS,
      './openapi.yaml': JSON.stringify(`${SHOP}openapi.yaml`),
      './security.overlay.yaml': JSON.stringify(`${SHOP}security.overlay.yaml`),
      'http://127.0.0.1:3000': shop.url,
      '127.0.0.1:9090': `127.0.0.1:${healthPort}`,
      'authorize:\n': `limits: { mode: monitor }\nauthorize:\n  mode: ${authorize}\n`,
    }),
    files: { 'jwks.json': issuer.jwks },
  }).catch(async (cause: unknown) => {
    // What listens keeps the process of a test that failed already.
    rows.close()
    await shop.close()
    rmSync(folder, { recursive: true, force: true })
    throw cause
  })
  const client = asker(gateway.httpsPort, gateway.ca)
  // A token lives for minutes, and the run may take longer.
  const token = (sub: string, claims: object): Caller['credential'] => {
    let made = { at: -Infinity, headers: {} }
    return async () => {
      if (performance.now() - made.at < 100_000) return made.headers
      const text = await issuer.mint(sub, { claims: { tenant: 'north', ...claims } })
      made = { at: performance.now(), headers: { authorization: `Bearer ${text}` } }
      return made.headers
    }
  }
  const key = async (
    request: Parameters<TestGateway['createKey']>[0],
  ): Promise<Caller['credential']> => {
    const headers = { 'x-api-key': (await gateway.createKey(request)).key }
    return () => Promise.resolve(headers)
  }
  const customer = { isStaff: false }
  const callers: Caller[] = [
    { name: 'nobody', owner: undefined, ...customer, credential: () => Promise.resolve({}) },
    { name: 'alice', owner: 1, ...customer, credential: token('1', {}) },
    { name: 'bob', owner: 2, ...customer, credential: token('2', {}) },
    {
      name: 'alice elsewhere',
      owner: undefined,
      ...customer,
      credential: token('1', { tenant: 'south' }),
    },
    {
      name: 'staff elsewhere',
      owner: undefined,
      ...customer,
      credential: token('3', { tenant: 'south', roles: ['admin'] }),
    },
    {
      name: 'carol, staff',
      owner: 3,
      isStaff: true,
      credential: token('3', { roles: ['admin'] }),
    },
    {
      name: 'a helper',
      owner: undefined,
      ...customer,
      credential: token('9', { roles: ['support', 'Admin', 'admin '] }),
    },
    { name: 'a key of nobody', owner: undefined, ...customer, credential: await key({}) },
    {
      name: 'a key for the profile',
      owner: undefined,
      ...customer,
      credential: await key({ owner: '1', operations: ['getMe'] }),
    },
  ]
  return {
    rows,
    callers,
    gateway,
    ask: async (caller, plan) => {
      const headers = { ...(await caller.credential()), ...plan.headers }
      return client.ask({ ...plan, headers })
    },
    close: async () => {
      client.close()
      await Promise.all([gateway.close(), shop.close()])
      rows.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function policy(changes: Readonly<Record<string, string>>): string {
  let text = readFileSync(`${SHOP}sallyport.yaml`, 'utf8')
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`the policy has no ${from}`)
    text = text.replace(from, () => to)
  }
  return text
}

/** What staff sees of everybody. */
const STAFF_SEES: ReadonlySet<string> = new Set(['users', 'avatars'])

/** Whether a caller may see what stands in a row. */
export function maySee({ owner, isStaff }: Caller, canary: Canary): boolean {
  return (
    canary.owner === owner || (isStaff && STAFF_SEES.has(canary.table) && canary.owner !== 'shop')
  )
}
