import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { issueCertificate } from '../../src/edges/tls/issue.ts'

/** A server certificate of an authority of the test, as PEM. */
export interface TestCertificate {
  readonly cert: string
  readonly key: string
  readonly serial: string
}

/** Signs certificates; `ca` is what clients trust. */
export interface TestAuthority {
  readonly ca: string
  issue(names: readonly string[]): TestCertificate
}

const DAY_MS = 86_400_000

/** Makes an authority of its own. */
export function makeAuthority(): TestAuthority {
  const { privateKey: issuerKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const nowMs = Date.now()
  const life = { notBeforeMs: nowMs - DAY_MS, notAfterMs: nowMs + 30 * DAY_MS }
  const signed = { ...life, issuer: 'Test CA', issuerKey }
  const plan = { ...signed, subject: 'Test CA', subjectKey: issuerKey, names: undefined }
  return {
    ca: issueCertificate(plan),
    issue: (names) => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const subject = { subject: names[0] ?? '', subjectKey: privateKey }
      const cert = issueCertificate({ ...signed, ...subject, names })
      const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
      return { cert, key, serial: new X509Certificate(cert).serialNumber }
    },
  }
}
