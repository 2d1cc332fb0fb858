import type { KeyObject } from 'node:crypto'
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
} from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { certificateNames } from './certificate.ts'
import { issueCertificate } from './issue.ts'

/** Where the own authority and its leaf live, and for which names. */
export interface OwnCaPlan {
  /** Beside the configuration, usually `.sallyport`; made 0700. */
  readonly folder: string
  /** Names beyond `localhost`, `127.0.0.1` and `::1`. */
  readonly names: readonly string[]
  readonly nowMs: number
}

/** Files of `tls: auto`. */
export interface OwnCaFiles {
  /** What a client must trust: `curl --cacert`. */
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
  /** Whether the leaf was made now. */
  readonly isRenewed: boolean
}

const DAY_MS = 86_400_000
const CA_DAYS = 730
const LEAF_DAYS = 30
/** Made anew when fewer days are left. */
const CA_RENEW_DAYS = 60
const LEAF_RENEW_DAYS = 10
/** Clocks of clients may be behind. */
const SKEW_MS = 3_600_000
const CA_NAME = 'Sallyport own authority'

/**
 * Makes sure that an own authority and a fresh leaf for the names exist: `tls: auto` on loopback. What is there and
 * good stays; what is missing, unreadable, near its end or for other names is made anew. Keys are 0600.
 * @throws the file system's error when the folder cannot be written.
 */
export function ensureOwnCa(plan: OwnCaPlan): OwnCaFiles {
  mkdirSync(plan.folder, { recursive: true, mode: 0o700 })
  const place = (name: string): string => join(plan.folder, name)
  const files = { caFile: place('ca.pem'), certFile: place('tls.pem'), keyFile: place('tls.key') }
  const caKeyFile = place('ca.key')
  const ca =
    readAuthority(files.caFile, caKeyFile, plan.nowMs) ??
    makeAuthority(files.caFile, caKeyFile, plan.nowMs)
  const names = [
    ...new Set(['localhost', '127.0.0.1', '::1', ...plan.names.map((name) => name.toLowerCase())]),
  ]
  if (isLeafGood(files, { ca, names, nowMs: plan.nowMs })) return { ...files, isRenewed: false }
  const { privateKey } = newKey()
  const cert = issueCertificate({
    subject: names.find((name) => name !== 'localhost' && !/[:\d]$/.test(name)) ?? 'localhost',
    subjectKey: privateKey,
    issuer: CA_NAME,
    issuerKey: ca.key,
    notBeforeMs: plan.nowMs - SKEW_MS,
    notAfterMs: plan.nowMs + LEAF_DAYS * DAY_MS,
    names,
  })
  writeSecret(files.keyFile, pemOf(privateKey))
  writePublic(files.certFile, cert)
  return { ...files, isRenewed: true }
}

interface Authority {
  readonly certificate: X509Certificate
  readonly key: KeyObject
}

function readAuthority(caFile: string, keyFile: string, nowMs: number): Authority | undefined {
  try {
    const certificate = new X509Certificate(readFileSync(caFile, 'utf8'))
    const key = createPrivateKey(readFileSync(keyFile, 'utf8'))
    const isFresh = certificate.validToDate.getTime() - nowMs > CA_RENEW_DAYS * DAY_MS
    return isFresh && certificate.checkPrivateKey(key) ? { certificate, key } : undefined
  } catch {
    // Missing or damaged: an own authority is worth nothing but what it can sign next.
    return undefined
  }
}

function makeAuthority(caFile: string, keyFile: string, nowMs: number): Authority {
  const { privateKey } = newKey()
  const pem = issueCertificate({
    subject: CA_NAME,
    subjectKey: privateKey,
    issuer: CA_NAME,
    issuerKey: privateKey,
    notBeforeMs: nowMs - SKEW_MS,
    notAfterMs: nowMs + CA_DAYS * DAY_MS,
    names: undefined,
  })
  writeSecret(keyFile, pemOf(privateKey))
  writePublic(caFile, pem)
  return { certificate: new X509Certificate(pem), key: privateKey }
}

function isLeafGood(
  files: { readonly certFile: string; readonly keyFile: string },
  want: { readonly ca: Authority; readonly names: readonly string[]; readonly nowMs: number },
): boolean {
  try {
    const pem = readFileSync(files.certFile, 'utf8')
    const leaf = new X509Certificate(pem)
    const covered = new Set(certificateNames(pem))
    return (
      leaf.validToDate.getTime() - want.nowMs > LEAF_RENEW_DAYS * DAY_MS &&
      leaf.verify(createPublicKey(want.ca.key)) &&
      leaf.checkPrivateKey(createPrivateKey(readFileSync(files.keyFile, 'utf8'))) &&
      want.names.every((name) => covered.has(name))
    )
  } catch {
    // Missing or damaged: made anew.
    return false
  }
}

function newKey(): { readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' })
}

/** Whole or not at all, and never readable by others on the way. */
function writeSecret(file: string, text: string): void {
  writeWhole(file, text, 0o600)
}

function writePublic(file: string, text: string): void {
  writeWhole(file, text, 0o644)
}

function writeWhole(file: string, text: string, mode: number): void {
  const fresh = `${file}.${process.pid}.new`
  writeFileSync(fresh, text, { mode })
  renameSync(fresh, file)
}
