import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DatabaseSync } from 'node:sqlite'
import { failure, refusal, send, type Answer } from './answer.ts'
import { fieldsOf, readBody } from './body.ts'
import { identify, userOf } from './caller.ts'
import { openDatabase, type Row } from './database.ts'
import { GatewayIdentity, type GatewayTrust } from './gateway-identity.ts'
import { findRoute, type Route } from './router.ts'
import { ADMIN_ROUTES } from './routes/admin.ts'
import { AVATAR_ROUTES } from './routes/avatars.ts'
import { CONTACT_ROUTES } from './routes/contact.ts'
import { DEBUG_ROUTES } from './routes/debug.ts'
import { ORDER_ROUTES } from './routes/orders.ts'
import { PAYMENT_ROUTES } from './routes/payments.ts'
import { PRODUCT_ROUTES } from './routes/products.ts'
import { USER_ROUTES } from './routes/users.ts'
import { SEED_USERS, seed } from './seed.ts'
import { signToken } from './token.ts'

/** Settings of `startShop`. */
export interface ShopOptions {
  /** Port on 127.0.0.1; 0 (the default) takes a free one. */
  readonly port?: number
  /** A SQLite file, or `:memory:` (the default). */
  readonly database?: string
  /** Prints no line per request. */
  readonly quiet?: boolean
  /** Accept requests only from a gateway whose `Sallyport-Identity` these keys prove. */
  readonly gateway?: GatewayTrust
}

/** A shop that listens. */
export interface Shop {
  /** Such as `http://127.0.0.1:3000`, without a slash at the end. */
  readonly url: string
  readonly port: number
  readonly users: typeof SEED_USERS
  /** A login token of the shop's own (HS256, never expires) for a user's id. */
  tokenFor(userId: number): string
  /** Ends open streams too. */
  close(): Promise<void>
}

const ROUTES: readonly Route[] = [
  ...USER_ROUTES,
  ...AVATAR_ROUTES,
  ...PRODUCT_ROUTES,
  ...ORDER_ROUTES,
  ...PAYMENT_ROUTES,
  ...ADMIN_ROUTES,
  ...CONTACT_ROUTES,
  ...DEBUG_ROUTES,
]

/**
 * Starts the careless shop on 127.0.0.1, never on another address: its holes are real.
 * Rejects when the port is taken or the database cannot be opened.
 */
export async function startShop(options: ShopOptions = {}): Promise<Shop> {
  const database = openDatabase(options.database ?? ':memory:')
  seed(database)
  const gateway = options.gateway && new GatewayIdentity(options.gateway)
  const server = createServer((request, response) => {
    if (options.quiet !== true) response.once('finish', () => printLine(request, response))
    void serve({ database, gateway }, request, response)
  })
  await listen(server, options.port ?? 0)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    users: SEED_USERS,
    tokenFor: (userId) => signToken({ sub: String(userId) }),
    close: () => close(server, database),
  }
}

function printLine(request: IncomingMessage, response: ServerResponse): void {
  console.log(`${request.method} ${request.url} ${response.statusCode}`)
}

interface Parts {
  readonly database: DatabaseSync
  readonly gateway: GatewayIdentity | undefined
}

/** Never rejects: an exception is an answer here, a careless one. */
async function serve(
  shop: Parts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await send(response, await answerTo(shop, request))
  } catch (error) {
    if (response.headersSent) response.destroy()
    else await send(response, failure(error))
  }
}

async function answerTo({ database, gateway }: Parts, request: IncomingMessage): Promise<Answer> {
  const caller = await callerOf(request, database, gateway)
  if (caller === undefined) return refusal(401, 'no_gateway', 'Only the gateway may call')
  const bytes = await readBody(request)
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://shop')
  // HOLE `method-override`: a header turns a POST into a DELETE.
  const override = request.headers['x-http-method-override']
  const method = String(override ?? request.method).toUpperCase()
  const match = findRoute(ROUTES, method, pathname)
  if (match === undefined) return refusal(404, 'no_route', `No route ${method} ${pathname}`)
  const mediaType = request.headers['content-type'] ?? 'application/json'
  return match.route.answer({
    path: match.path,
    query: searchParams,
    mediaType,
    bytes,
    fields: fieldsOf(bytes, mediaType),
    caller,
    database,
  })
}

/** Without a gateway to trust, whoever the request says; with one, whom the gateway vouches for, or `undefined`. */
async function callerOf(
  { headers }: IncomingMessage,
  database: DatabaseSync,
  gateway: GatewayIdentity | undefined,
): Promise<Row | undefined> {
  if (gateway === undefined) return identify(headers, database)
  const known = await gateway.callerOf(headers['sallyport-identity'] as string | undefined)
  return known === undefined ? undefined : userOf(known.subject, database)
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function close(server: Server, database: DatabaseSync): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      database.close()
      resolve()
    })
    server.closeAllConnections()
  })
}
