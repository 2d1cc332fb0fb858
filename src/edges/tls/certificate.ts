import type { KeyObject } from 'node:crypto'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { ConfigFault } from '../../base/config-error.ts'
import { ConfigError } from '../../base/config-error.ts'

/** A certificate chain with its private key, as they stand in files. */
export interface CertificatePair {
  /** PEM, the server's own certificate first. */
  readonly cert: string
  /** PEM, PKCS #8, SEC 1 or PKCS #1. */
  readonly key: string
}

/** How the pair is named where something is wrong with it. */
export interface PairNames {
  readonly certFile: string
  readonly keyFile: string
}

/** What the gateway needs to know of its certificate. */
export interface CertificateFacts {
  /** Host names and addresses it covers, lower case; wildcards as they stand. */
  readonly names: readonly string[]
  readonly expiresMs: number
  readonly serial: string
  /** Not wrong, yet below what is advised. */
  readonly warnings: readonly string[]
}

const MIN_RSA_BITS = 2048
const ADVISED_RSA_BITS = 3072
/** Curves of at least 256 bits that TLS serves. */
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/**
 * Checks that a certificate may be served [TRN-04]: readable, in force, strong enough, signed with SHA-2, and that the
 * key is its key.
 * @throws ConfigError with every fault, naming the file.
 */
export function checkCertificate(
  pair: CertificatePair,
  files: PairNames,
  nowMs: number,
): CertificateFacts {
  const certificate = readCertificate(pair.cert, files.certFile)
  const key = readKey(pair.key, files.keyFile)
  const faults = [
    ...keyFaults(certificate, files.certFile),
    ...timeFaults(certificate, files.certFile, nowMs),
    ...signatureFaults(certificate, files.certFile),
  ]
  if (!certificate.checkPrivateKey(key)) {
    faults.push(
      fault(
        files.keyFile,
        `is not the key of the certificate in ${files.certFile}`,
        'give the matching pair',
      ),
    )
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    names: namesOf(certificate),
    expiresMs: certificate.validToDate.getTime(),
    serial: certificate.serialNumber,
    warnings: warningsOf(certificate),
  }
}

/**
 * The host names and addresses a certificate covers, lower case; without alternative names none (RFC 6125: the common
 * name is not looked at).
 * @throws ConfigError when the text is no certificate.
 */
export function certificateNames(pem: string): string[] {
  return namesOf(readCertificate(pem, 'the certificate'))
}

function namesOf(certificate: X509Certificate): string[] {
  const names: string[] = []
  // Node writes `DNS:a, IP Address:::1`; a name with a comma would be quoted and is none of ours.
  for (const part of certificate.subjectAltName?.split(', ') ?? []) {
    const match = /^(?:DNS|IP Address):([^"]+)$/.exec(part)
    if (match?.[1] !== undefined) names.push(plainAddress(match[1].toLowerCase()))
  }
  return names
}

/** Node prints `0:0:0:0:0:0:0:1`; the URL parser knows the short form. */
function plainAddress(name: string): string {
  return name.includes(':') ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name
}

function readCertificate(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    // OpenSSL's own words name neither file nor cure.
    throw new ConfigError(
      fault(file, 'holds no certificate', 'a PEM block BEGIN CERTIFICATE, own certificate first'),
    )
  }
}

function readKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new ConfigError(
      fault(
        file,
        'holds no private key that opens without a passphrase',
        'a PEM block BEGIN PRIVATE KEY',
      ),
    )
  }
}

function keyFaults({ publicKey }: X509Certificate, file: string): ConfigFault[] {
  const { modulusLength = 0, namedCurve = '' } = publicKey.asymmetricKeyDetails ?? {}
  const type = publicKey.asymmetricKeyType
  if (type === 'rsa' || type === 'rsa-pss') {
    if (modulusLength >= MIN_RSA_BITS) return []
    return [
      fault(
        file,
        `has an RSA key of ${modulusLength} bits`,
        `at least ${MIN_RSA_BITS}, better EC P-256`,
      ),
    ]
  }
  if (type === 'ec' && CURVES.has(namedCurve)) return []
  if (type === 'ed25519') return []
  return [
    fault(
      file,
      `has a key of type ${type ?? 'unknown'} ${namedCurve}`.trimEnd(),
      'RSA from 2048 bits or EC from P-256',
    ),
  ]
}

function timeFaults(certificate: X509Certificate, file: string, nowMs: number): ConfigFault[] {
  if (certificate.validToDate.getTime() <= nowMs) {
    return [fault(file, `expired on ${certificate.validToDate.toISOString()}`, 'renew it')]
  }
  if (certificate.validFromDate.getTime() > nowMs) {
    return [
      fault(
        file,
        `is valid only from ${certificate.validFromDate.toISOString()}`,
        'check the clock',
      ),
    ]
  }
  return []
}

function signatureFaults(certificate: X509Certificate, file: string): ConfigFault[] {
  const algorithm = certificate.signatureAlgorithm ?? ''
  // A self-signed certificate's own signature proves nothing either way, yet clients refuse it all the same.
  if (!/(?:sha1|md5|md2)/i.test(algorithm)) return []
  return [fault(file, `is signed with ${algorithm}`, 'SHA-256 or better')]
}

function warningsOf({ publicKey }: X509Certificate): string[] {
  const bits = publicKey.asymmetricKeyDetails?.modulusLength
  return bits !== undefined && bits < ADVISED_RSA_BITS
    ? [`RSA key of ${bits} bits, ${ADVISED_RSA_BITS} advised`]
    : []
}

function fault(file: string, message: string, cure: string): ConfigFault {
  return { path: 'listen.tls', file, message: `${file} ${message}`, cure }
}
