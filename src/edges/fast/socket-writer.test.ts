import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'
import { SocketWriter } from './socket-writer.ts'

const NOBODY = { drained: () => {}, flushed: () => {} }
const LIMITS = { writeStallMs: 20, answerBytesPerSecond: 1000 }

/** A peer that takes nothing. */
function stuck(): Duplex {
  return new Duplex({ read: () => {}, write: () => {} })
}

function overTls(): TLSSocket {
  const socket = new TLSSocket(stuck(), { isServer: true })
  socket.on('error', () => {})
  return socket
}

function writerOn(socket: Socket): SocketWriter {
  return new SocketWriter(socket, NOBODY, LIMITS)
}

function sendBody(out: SocketWriter, body: string, isLast: boolean): void {
  out.sendParts('head', Buffer.from(body), { end: '', isLast })
}

const sends: [name: string, send: (writer: SocketWriter) => void, isHandedOver: boolean][] = [
  ['one short answer is handed over', (out) => out.send('short', true), true],
  ['an answer of one record is', (out) => out.send('x'.repeat(16_384), true), true],
  ['a longer answer is waited for', (out) => out.send('x'.repeat(16_385), true), false],
  ['a piece of an answer is', (out) => out.send('short', false), false],
  ['a short body with its head is handed over', (out) => sendBody(out, 'body', true), true],
  ['a piece of a body with its head is waited for', (out) => sendBody(out, 'body', false), false],
  ['a body longer than one record is', (out) => sendBody(out, 'x'.repeat(16_385), true), false],
  [
    'a second answer behind one that has not left is',
    (out) => {
      out.send('first', true)
      out.send('second', true)
    },
    false,
  ],
  [
    'a body behind a short answer is',
    (out) => {
      out.send('first', true)
      out.sendParts('', Buffer.from('body'), { end: '', isLast: true })
    },
    false,
  ],
]

for (const [name, send, isHandedOver] of sends) {
  test(`over TLS ${name}`, () => {
    const socket = overTls()
    const out = writerOn(socket)
    send(out)
    assert.equal(out.isEmpty, false)
    assert.equal(out.isHandedOver, isHandedOver)
    socket.destroy()
  })
}

test('without TLS a short answer that has not left is waited for', () => {
  // No more of a socket than a writer needs.
  const socket = stuck() as Socket
  const out = writerOn(socket)
  assert.equal(out.isHandedOver, true)
  out.send('short', true)
  assert.equal(out.isHandedOver, false)
  socket.destroy()
})

test('a peer that never takes what was handed over is let go', async () => {
  const socket = overTls()
  const out = writerOn(socket)
  out.send('short', true)
  out.watchStall()
  await sleep(100)
  assert.equal(socket.destroyed, true)
})
