import type { KeyObject } from 'node:crypto'
import { createHash, createPublicKey, randomBytes, sign } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import {
  bitString,
  boolean,
  element,
  integer,
  octetString,
  oid,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts'

/** What a certificate says. Times in milliseconds since 1970. */
export interface CertificatePlan {
  /** Common name of the holder. */
  readonly subject: string
  readonly subjectKey: KeyObject
  /** Common name and key of who signs; ECDSA on P-256. */
  readonly issuer: string
  readonly issuerKey: KeyObject
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Host names and addresses of a server certificate; `undefined` makes an authority that signs only leaves. */
  readonly names: readonly string[] | undefined
  /** Which side of a connection shows it; a server unless said (RFC 5280 section 4.2.1.12). */
  readonly usage?: 'server' | 'client'
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
const COMMON_NAME = oid('2.5.4.3')
const USAGES = { server: oid('1.3.6.1.5.5.7.3.1'), client: oid('1.3.6.1.5.5.7.3.2') }

/**
 * Makes a version 3 certificate (RFC 5280 section 4.1) and returns it as PEM.
 * @throws when the issuer's key is not an ECDSA private key.
 */
export function issueCertificate(plan: CertificatePlan): string {
  const content = sequence(
    element(0xa0, integer(Buffer.from([2]))),
    // RFC 5280 section 4.1.2.2: positive, at most 20 octets.
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_SHA256,
    name(plan.issuer),
    sequence(time(plan.notBeforeMs), time(plan.notAfterMs)),
    name(plan.subject),
    publicKeyInfo(plan.subjectKey),
    element(0xa3, sequence(...extensions(plan))),
  )
  const signature = sign('sha256', content, plan.issuerKey)
  const der = sequence(content, ECDSA_SHA256, bitString(signature))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function name(commonName: string): Buffer {
  return sequence(set(sequence(COMMON_NAME, utf8String(commonName))))
}

function publicKeyInfo(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' })
}

function extensions(plan: CertificatePlan): Buffer[] {
  const own = keyIdentifier(plan.subjectKey)
  const issuers = keyIdentifier(plan.issuerKey)
  const identifiers = [
    extension('2.5.29.14', octetString(own), false),
    extension('2.5.29.35', sequence(element(0x80, issuers)), false),
  ]
  if (plan.names === undefined) {
    return [
      // An authority that can make no further authority.
      extension('2.5.29.19', sequence(boolean(true), integer(Buffer.from([0]))), true),
      // keyCertSign, cRLSign
      extension('2.5.29.15', bitString(Buffer.from([0b0000_0110]), 1), true),
      ...identifiers,
    ]
  }
  return [
    extension('2.5.29.19', sequence(), true),
    // digitalSignature
    extension('2.5.29.15', bitString(Buffer.from([0b1000_0000]), 7), true),
    extension('2.5.29.37', sequence(USAGES[plan.usage ?? 'server']), false),
    extension('2.5.29.17', sequence(...plan.names.map(alternativeName)), false),
    ...identifiers,
  ]
}

function extension(id: string, value: Buffer, isCritical: boolean): Buffer {
  return sequence(oid(id), ...(isCritical ? [boolean(true)] : []), octetString(value))
}

/** RFC 5280 section 4.2.1.2, method 1, with SHA-256 cut to 20 octets (RFC 7093 section 2). */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha256').update(publicKeyInfo(key)).digest().subarray(0, 20)
}

function alternativeName(host: string): Buffer {
  if (isIPv4(host)) return element(0x87, Buffer.from(host.split('.').map(Number)))
  if (isIPv6(host)) return element(0x87, ipv6Bytes(host))
  return element(0x82, Buffer.from(host, 'ascii'))
}

function ipv6Bytes(address: string): Buffer {
  // The URL parser writes every spelling, also the one with an IPv4 tail, in one form.
  const plain = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1)
  const [head = '', tail] = plain.split('::')
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0)
  const bytes = Buffer.alloc(16)
  for (const [index, group] of [...before, ...zeros, ...after].entries())
    bytes.writeUInt16BE(group, index * 2)
  return bytes
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}
