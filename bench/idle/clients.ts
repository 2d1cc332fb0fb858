// Opens connections, asks one question on each, and holds them until it is told to end.
// node clients.ts PORT COUNT plain|tls TOKEN
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

const PER_ADDRESS = 90
const AT_ONCE = 100
const [port = '', count = '', over = '', token = ''] = process.argv.slice(2)
const REQUEST = `GET /v1/items/7?lang=en HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`
let opened = 0
const held: Socket[] = []

/** 127.0.1.1, 127.0.1.2, … */
function addressOf(index: number): string {
  const host = Math.floor(index / PER_ADDRESS)
  return `127.0.${1 + Math.floor(host / 250)}.${1 + (host % 250)}`
}

function open(index: number): Promise<void> {
  const target = { port: Number(port), host: '127.0.0.1', localAddress: addressOf(index) }
  const socket =
    over === 'tls' ? connectTls({ ...target, rejectUnauthorized: false }) : connect(target)
  held.push(socket)
  return new Promise((done, failed) => {
    socket.on('error', failed)
    socket.on('close', () => failed(new Error(`connection ${index} was closed`)))
    socket.once(over === 'tls' ? 'secureConnect' : 'connect', () => socket.write(REQUEST))
    socket.once('data', (part) => {
      if (part.toString('latin1').startsWith('HTTP/1.1 200')) done()
      else failed(new Error(part.toString('latin1').slice(0, 100)))
    })
  })
}

async function openSome(): Promise<void> {
  while (opened < Number(count)) {
    opened += 1
    await open(opened)
  }
}

try {
  await Promise.all(Array.from({ length: AT_ONCE }, openSome))
  console.log(`ready ${held.filter((socket) => !socket.destroyed).length}`)
} catch (error) {
  console.log(`failed after ${held.length}: ${String(error)}`)
  process.exit(1)
}
