import { crc32c } from '../crc32c.ts'

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** A header of version 2 from its parts, right or not. */
export function proxyHeader(command: number, family: number, body: Buffer): Buffer {
  const fixed = Buffer.alloc(4)
  fixed[0] = command
  fixed[1] = family
  fixed.writeUInt16BE(body.length, 2)
  return Buffer.concat([SIGNATURE, fixed, body])
}

/** What a balancer says of an IPv4 client; `values` follow. */
export function ipv4Header(
  address: string,
  port: number,
  values: Buffer = Buffer.alloc(0),
): Buffer {
  const ports = Buffer.alloc(4)
  ports.writeUInt16BE(port, 0)
  ports.writeUInt16BE(443, 2)
  const source = Buffer.from(address.split('.').map(Number))
  return proxyHeader(0x21, 0x11, Buffer.concat([source, Buffer.of(127, 0, 0, 1), ports, values]))
}

/** One further value. */
export function tlv(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(3)
  head[0] = type
  head.writeUInt16BE(value.length, 1)
  return Buffer.concat([head, value])
}

/** As `ipv4Header`, with the right checksum at its end. */
export function withChecksum(address: string, port: number): Buffer {
  const header = ipv4Header(address, port, tlv(3, Buffer.alloc(4)))
  header.writeUInt32BE(crc32c(header), header.length - 4)
  return header
}
