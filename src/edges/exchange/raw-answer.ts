import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer } from '../../gateway/core.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * A response head as bytes of HTTP/1.1. Fields that could not stand in a head are left out: here is no parser behind
 * that would refuse them.
 */
export function formatHead(status: number, headers: readonly string[]): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (TOKEN.test(name) && FIELD_VALUE.test(value)) head += `${name}: ${value}\r\n`
  }
  return `${head}\r\n`
}

/**
 * Answers on a socket whose request could not be parsed, and closes it after `lingerMs` or when the client does.
 * Nothing may be written on it afterwards.
 */
export function answerRaw(socket: Socket, answer: Answer, lingerMs: number): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const body = Buffer.from(answer.body ?? '')
  const framing = [
    'Date',
    new Date().toUTCString(),
    'Content-Length',
    String(body.length),
    'Connection',
    'close',
  ]
  const head = formatHead(answer.status, [...answer.headers, ...framing])
  socket.end(Buffer.concat([Buffer.from(head, 'latin1'), body]))
  // A close with unread bytes resets the connection and may take the answer with it (RFC 9112 section 9.6).
  setTimeout(() => socket.destroy(), lingerMs).unref()
}
