import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { signatureCalls } from './calls.ts'
import { signEs256 } from './es256-sign.ts'
import { isRsaHash, rsaVerify } from './rsa-verify.ts'
import type { RsaHash } from './rsa-verify.ts'

const HASHES: readonly RsaHash[] = ['sha256', 'sha384', 'sha512']
const VECTORS = join(import.meta.dirname, '../tokens/wycheproof.test.ts')
const SIGN_AND_VERIFY = `
import { generateKeyPairSync, sign, verify } from 'node:crypto'
const { signEs256 } = await import(process.argv[1])
const { rsaVerify } = await import(process.argv[2])
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signature = Buffer.from(signEs256('said', ec.privateKey), 'base64url')
const isRight = verify('sha256', Buffer.from('said'), { key: ec.publicKey, dsaEncoding: 'ieee-p1363' }, signature)
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const known = rsaVerify('sha256', rsa.publicKey, { signed: 'said', signature: Buffer.alloc(256) })
process.stdout.write([isRight, known].join())
`

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const isNative = signatureCalls() !== undefined

function errorsLeft(): unknown {
  const { functions } = process
    .getBuiltinModule('node:ffi')
    .dlopen(null, { ERR_peek_error: { return: 'uint64', arguments: [] } })
  return functions.ERR_peek_error()
}

suite('signatures by calls of OpenSSL', { skip: !isNative }, () => {
  test('says of an RSA signature what Node says, whatever was changed in it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...HASHES),
        fc.constantFrom(...HASHES),
        fc.string({ unit: 'grapheme-ascii', maxLength: 9000 }),
        fc.option(fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 255 })), { nil: undefined }),
        fc.integer({ min: -3, max: 3 }),
        (hash, other, signed, flip, longer) => {
          const good = sign(hash, Buffer.from(signed), rsa.privateKey)
          if (flip !== undefined) good[flip[0]] = (good[flip[0]] ?? 0) ^ flip[1]
          const signature = Buffer.concat([good, Buffer.alloc(3)]).subarray(0, good.length + longer)
          assert.equal(
            rsaVerify(other, rsa.publicKey, { signed, signature }),
            verify(other, Buffer.from(signed), rsa.publicKey, signature),
          )
        },
      ),
    )
  })

  test('leaves no error of OpenSSL behind for whoever asks next', () => {
    const signatures = [Buffer.alloc(0), Buffer.alloc(256), Buffer.alloc(256, 255), Buffer.alloc(7)]
    for (const signature of signatures) {
      assert.equal(rsaVerify('sha256', rsa.publicKey, { signed: 'said', signature }), false)
      assert.equal(errorsLeft(), 0n)
    }
    assert.equal(rsaVerify('sha256', ec.publicKey, RIGHT_LENGTH), undefined)
    assert.equal(errorsLeft(), 0n)
  })

  test('leaves a key of another type to Node', () => {
    const ed = generateKeyPairSync('ed25519')
    for (const { publicKey } of [ec, ed])
      assert.equal(rsaVerify('sha256', publicKey, RIGHT_LENGTH), undefined)
  })

  test('takes a key of RSASSA-PSS for no other signature', () => {
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
    const signature = sign('sha256', Buffer.from('said'), pss.privateKey)
    assert.notEqual(rsaVerify('sha256', pss.publicKey, { signed: 'said', signature }), true)
  })

  test('each key checks its own signatures, many keys side by side', () => {
    const pairs = Array.from({ length: 6 }, () =>
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
    )
    const said = Buffer.from('said')
    const signatures = pairs.map(({ privateKey }) => sign('sha256', said, privateKey))
    for (const [index, { publicKey }] of pairs.entries())
      for (const [other, signature] of signatures.entries())
        assert.equal(rsaVerify('sha256', publicKey, { signed: 'said', signature }), index === other)
  })

  test('knows the hashes of RSA by their own names alone', () => {
    assert.deepEqual(['sha256', 'sha1', 'constructor'].map(isRsaHash), [true, false, false])
  })

  // In two thousand signatures, R and S are shorter than 32 bytes about eight times each.
  test('signs as Node would check it, R and S of every length', () => {
    for (let count = 0; count < 2000; count++) {
      const bytes = Buffer.from(`said ${count}`)
      const text = signEs256(bytes.toString('latin1'), ec.privateKey)
      const signature = Buffer.from(text, 'base64url')
      assert.equal(signature.toString('base64url'), text)
      assert.equal(signature.length, 64)
      const key = { key: ec.publicKey, dsaEncoding: 'ieee-p1363' } as const
      assert.ok(verify('sha256', bytes, key, signature), `number ${count}`)
    }
    assert.equal(errorsLeft(), 0n)
  })

  test('each signature is over its own text, whatever was signed in between', () => {
    const key = { key: ec.publicKey, dsaEncoding: 'ieee-p1363' } as const
    const [one, two] = ['one', 'two'].map((text) => signEs256(text, ec.privateKey))
    const isOver = (text: string, signature = ''): boolean =>
      verify('sha256', Buffer.from(text), key, Buffer.from(signature, 'base64url'))
    assert.deepEqual([isOver('one', one), isOver('two', two)], [true, true])
    assert.deepEqual([isOver('one', two), isOver('two', one)], [false, false])
  })
})

const RIGHT_LENGTH = { signed: 'said', signature: Buffer.alloc(256) }

test('without node:ffi, Node checks and signs', () => {
  const modules = ['es256-sign.ts', 'rsa-verify.ts'].map((name) => join(import.meta.dirname, name))
  const options = ['--no-experimental-ffi', '--input-type=module', '-e', SIGN_AND_VERIFY]
  assert.equal(
    execFileSync(process.execPath, [...options, ...modules], { encoding: 'utf8' }),
    'true,',
  )
})

test('agrees with the vectors of Wycheproof without node:ffi, too', () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  execFileSync(process.execPath, ['--no-experimental-ffi', '--test', VECTORS], { env })
})
