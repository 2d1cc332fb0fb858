import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below what systems give to connections that name no port (32,768 and up on Linux, 49,152 as RFC 6335 has it): no
 * connection of another test comes to have the port meanwhile.
 */
const FIRST_PORT = 12_000
const END_PORT = 32_000
const MAX_TRIES = 50

/** A port of loopback on which nothing listens. Throws where none is found. Tests only. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = randomInt(FIRST_PORT, END_PORT)
    if (await isFree(port)) return port
  }
  throw new Error(`no port is free among ${MAX_TRIES}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
