import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect } from 'node:tls'
import * as fc from 'fast-check'
import { FakeClock, systemClock } from '../../base/clock.ts'
import { ConfigError } from '../../base/config-error.ts'
import { FakeCore } from '../testing/fake-core.ts'
import type { Listener } from '../listener/listener.ts'
import { startListener } from '../listener/listener.ts'
import type { AutoTls } from './auto.ts'
import { openAutoTls } from './auto.ts'
import { openCertificateFiles } from './certificate-files.ts'
import { certificateNames, checkCertificate } from './certificate.ts'
import { issueCertificate } from './issue.ts'
import { ensureOwnCa } from './own-ca.ts'

const DAY_MS = 86_400_000
const folder = (): string => mkdtempSync(join(tmpdir(), 'sallyport-tls-'))

/** Runs `openssl s_client`; the text it prints, or undefined where the program is missing. */
function sClient(port: number, args: readonly string[], input = ''): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = execFile(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${port}`, ...args],
      { timeout: 10_000 },
      (error, stdout, stderr) => {
        resolve(error?.code === 'ENOENT' ? undefined : `${stdout}${stderr}`)
      },
    )
    child.stdin?.end(input)
  })
}

describe('the own authority', () => {
  test('keeps what is good, renews the leaf near its end and keeps the authority', () => {
    const clock = new FakeClock()
    const plan = { folder: folder(), names: ['api.example.com'] }
    const first = ensureOwnCa({ ...plan, nowMs: clock.nowMs() })
    const serial = (): string => new X509Certificate(readFileSync(first.certFile)).serialNumber
    const ca = readFileSync(first.caFile, 'utf8')
    const before = serial()
    assert.equal(first.isRenewed, true)
    assert.equal(ensureOwnCa({ ...plan, nowMs: clock.nowMs() + 19 * DAY_MS }).isRenewed, false)
    assert.equal(serial(), before)
    assert.equal(ensureOwnCa({ ...plan, nowMs: clock.nowMs() + 21 * DAY_MS }).isRenewed, true)
    assert.notEqual(serial(), before)
    assert.equal(readFileSync(first.caFile, 'utf8'), ca)
  })

  test('makes a leaf for new names, and a new authority when the old one nears its end', () => {
    const nowMs = Date.UTC(2026, 0, 1)
    const place = folder()
    const { certFile, caFile } = ensureOwnCa({ folder: place, names: [], nowMs })
    const ca = readFileSync(caFile, 'utf8')
    ensureOwnCa({ folder: place, names: ['a.example', '2001:db8::7'], nowMs })
    assert.deepEqual(certificateNames(readFileSync(certFile, 'utf8')), [
      'localhost',
      '127.0.0.1',
      '::1',
      'a.example',
      '2001:db8::7',
    ])
    ensureOwnCa({ folder: place, names: [], nowMs: nowMs + 700 * DAY_MS })
    assert.notEqual(readFileSync(caFile, 'utf8'), ca)
  })

  test('keeps its keys from others and starts anew after damage', () => {
    const plan = { folder: folder(), names: [], nowMs: Date.now() }
    const { keyFile } = ensureOwnCa(plan)
    assert.equal(statSync(keyFile).mode & 0o777, 0o600)
    assert.equal(statSync(join(plan.folder, 'ca.key')).mode & 0o777, 0o600)
    writeFileSync(join(plan.folder, 'ca.key'), 'damaged')
    assert.equal(ensureOwnCa(plan).isRenewed, true)
  })

  test('issues what OpenSSL verifies', async (t) => {
    const plan = { folder: folder(), names: [], nowMs: Date.now() }
    const { caFile, certFile } = ensureOwnCa(plan)
    const said = await new Promise<string | undefined>((resolve) => {
      const args = [
        'verify',
        '-x509_strict',
        '-purpose',
        'sslserver',
        '-verify_hostname',
        'localhost',
      ]
      execFile('openssl', [...args, '-CAfile', caFile, certFile], (error, stdout, stderr) =>
        resolve(error?.code === 'ENOENT' ? undefined : `${stdout}${stderr}`),
      )
    })
    if (said === undefined) return t.skip('no openssl')
    assert.match(said, /: OK/)
  })
})

test('an issued certificate covers exactly the names it was made for', () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain())
  fc.assert(
    fc.property(
      fc.array(host, { minLength: 1, maxLength: 5 }),
      fc.nat(2e12),
      (names, notAfterMs) => {
        const plan = { subject: 'x', subjectKey: key, issuer: 'x', issuerKey: key, notBeforeMs: 0 }
        const pem = issueCertificate({ ...plan, notAfterMs, names })
        const short = (name: string): string =>
          name.includes(':')
            ? new URL(`http://[${name}]`).hostname.slice(1, -1)
            : name.toLowerCase()
        assert.deepEqual(certificateNames(pem), names.map(short))
        assert.equal(
          new X509Certificate(pem).validToDate.getTime(),
          Math.floor(notAfterMs / 1000) * 1000,
        )
      },
    ),
    { numRuns: 100 },
  )
})

describe('a given certificate', () => {
  const nowMs = Date.UTC(2026, 5, 1)
  const files = { certFile: 'tls.pem', keyFile: 'tls.key' }
  const ca = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
  const rsa = (bits: number): KeyObject =>
    generateKeyPairSync('rsa', { modulusLength: bits }).privateKey
  const issue = (key: KeyObject, days: [number, number] = [-1, 30]): string =>
    issueCertificate({
      subject: 'x',
      subjectKey: key,
      issuer: 'y',
      issuerKey: ca,
      notBeforeMs: nowMs + days[0] * DAY_MS,
      notAfterMs: nowMs + days[1] * DAY_MS,
      names: ['localhost'],
    })
  const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' })
  const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
  const weakCurve = generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).privateKey
  const weakRsa = rsa(1024)
  const goodRsa = rsa(2048)

  const cases: [name: string, cert: string, key: string, fault: RegExp | undefined][] = [
    ['is taken with an EC key on P-256', issue(ec), pem(ec), undefined],
    ['is taken with an RSA key of 2048 bits', issue(goodRsa), pem(goodRsa), undefined],
    [
      'is refused with an RSA key of 1024 bits',
      issue(weakRsa),
      pem(weakRsa),
      /tls\.pem.*1024 bits/,
    ],
    ['is refused on a curve below P-256', issue(weakCurve), pem(weakCurve), /secp224r1/],
    ['is refused with the key of another', issue(ec), pem(goodRsa), /tls\.key is not the key/],
    ['is refused when expired', issue(ec, [-10, -1]), pem(ec), /expired on 2026-05-31/],
    ['is refused before its time', issue(ec, [1, 2]), pem(ec), /valid only from/],
    ['is refused when it is no certificate', 'text', pem(ec), /tls\.pem holds no certificate/],
    ['is refused when the key is none', issue(ec), 'text', /tls\.key holds no private key/],
  ]
  for (const [name, cert, key, fault] of cases) {
    test(name, () => {
      const check = (): unknown => checkCertificate({ cert, key }, files, nowMs)
      if (fault === undefined) check()
      else
        assert.throws(check, (error) => error instanceof ConfigError && fault.test(error.message))
    })
  }

  test('names every fault at once, and warns of a key that is only just good enough', () => {
    const expired = issue(weakRsa, [-2, -1])
    assert.throws(
      () => checkCertificate({ cert: expired, key: pem(weakRsa) }, files, nowMs),
      (error) => error instanceof ConfigError && error.faults.length === 2,
    )
    const facts = checkCertificate({ cert: issue(goodRsa), key: pem(goodRsa) }, files, nowMs)
    assert.equal(facts.warnings.length, 1)
    assert.equal(facts.expiresMs, nowMs + 30 * DAY_MS)
  })

  test('says which file is missing', () => {
    assert.throws(
      () =>
        openCertificateFiles({
          certFile: '/nowhere/a.pem',
          keyFile: 'b',
          min: '1.2',
          clock: systemClock,
        }),
      /nowhere\/a\.pem cannot be read \(ENOENT\)/,
    )
  })
})

for (const transport of ['node', 'fast'] as const)
  describe(`a ${transport} listener over TLS`, () => {
    let tls: AutoTls
    let listener: Listener
    const core = new FakeCore('http://127.0.0.1:9')
    const failed: string[] = []
    before(async () => {
      tls = openAutoTls({ folder: folder(), names: [], min: '1.2', clock: systemClock })
      core.head = () => ({
        kind: 'answer',
        answer: { status: 200, headers: [], body: 'hi', close: false },
      })
      listener = await startListener({
        core,
        port: 0,
        address: '127.0.0.1',
        kind: 'https',
        transport,
        tls,
        onTlsError: (code) => failed.push(code),
      })
    })
    after(async () => {
      tls.close()
      await listener.close(100)
    })

    const weak = '-cipher'
    const level = ':@SECLEVEL=0'
    const handshakes: [name: string, args: readonly string[], expected: RegExp][] = [
      [
        'refuses TLS 1.0',
        ['-tls1', weak, `ALL${level}`],
        /alert protocol version|no protocols available/,
      ],
      ['refuses TLS 1.1', ['-tls1_1', weak, `ALL${level}`], /alert protocol version/],
      ['refuses RSA key exchange', ['-tls1_2', weak, 'AES128-SHA'], /alert handshake failure/],
      [
        'refuses CBC suites',
        ['-tls1_2', weak, `ECDHE-ECDSA-AES128-SHA${level}`],
        /alert handshake failure/,
      ],
      [
        'takes TLS 1.2 with forward secrecy',
        ['-tls1_2'],
        /Cipher is ECDHE-ECDSA-AES128-GCM-SHA256/,
      ],
      ['takes TLS 1.3', ['-tls1_3'], /New, TLSv1\.3, Cipher is TLS_AES_256_GCM_SHA384/],
      ['chooses HTTP/2 by ALPN', ['-alpn', 'h2,http/1.1'], /ALPN protocol: h2/],
      ['chooses HTTP/1.1 by ALPN', ['-alpn', 'http/1.1'], /ALPN protocol: http\/1\.1/],
      ['does not compress', ['-tls1_2', '-comp'], /Compression: NONE/],
    ]
    for (const [name, args, expected] of handshakes) {
      test(name, async (t) => {
        const said = await sClient(listener.port, args)
        if (said === undefined) return t.skip('no openssl')
        assert.match(said, expected)
      })
    }

    test('does not renegotiate', async (t) => {
      const said = await sClient(listener.port, ['-tls1_2'], 'R\n')
      if (said === undefined) return t.skip('no openssl')
      assert.match(said, /RENEGOTIATING[\s\S]*no renegotiation/)
    })

    test('reports handshakes that failed', async (t) => {
      const said = await sClient(listener.port, ['-tls1_2', weak, 'AES128-SHA'])
      if (said === undefined) return t.skip('no openssl')
      assert.ok(failed.includes('ERR_SSL_NO_SHARED_CIPHER'), failed.join())
    })

    test('serves a new serial after the files changed, and keeps the old one when the new pair is broken', async () => {
      const serial = (): Promise<string> =>
        new Promise((resolve, reject) => {
          const socket = connect({
            port: listener.port,
            host: '127.0.0.1',
            ca: readFileSync(tls.caFile),
          })
          socket.on('secureConnect', () => {
            resolve(socket.getPeerCertificate().serialNumber)
            socket.destroy()
          })
          socket.on('error', reject)
        })
      const first = await serial()
      assert.equal(first, tls.facts.serial)
      const place = tls.caFile.replace(/ca\.pem$/, '')
      const good = readFileSync(`${place}tls.key`, 'utf8')
      writeFileSync(`${place}tls.key`, 'broken')
      tls.check()
      assert.equal(await serial(), first)
      writeFileSync(`${place}tls.key`, good)
      ensureOwnCa({ folder: place, names: ['new.example'], nowMs: Date.now() })
      tls.check()
      const second = await serial()
      assert.notEqual(second, first)
      assert.equal(second, tls.facts.serial)
      assert.ok(tls.expirySeconds() > 29 * 86_400 && tls.expirySeconds() <= 30 * 86_400)
    })
  })
