import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { withoutSecrets } from './detectors.ts'
import type { SecretKind } from './detectors.ts'
import { mayHoldSecret, mayHoldSecretPlainly } from './scan.ts'
import { MAX_SCANNED_BYTES } from './wasm-scan.ts'

/** Put together here, so that no file of this repository looks as if it held one. */
const join = (...parts: readonly string[]): string => parts.join('')
const SECRETS: readonly (readonly [kind: SecretKind, text: string])[] = [
  ['private-key', join('-----BEGIN PRIVATE', ' KEY-----\nMIIEvQ==\n-----END PRIVATE', ' KEY-----')],
  ['private-key', join('-----BEGIN OPENSSH PRIVATE', ' KEY-----')],
  ['jwt', join('eyJhbGciOiJub25lIn0', '.eyJzdWIiOiIxIn0', '.')],
  [
    'jwt',
    join('eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxMjM0In0', '.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P'),
  ],
  ['cloud-key', join('AKIA', 'IOSFODNN7EXAMPLE')],
  ['cloud-key', join('ASIA', 'IOSFODNN7EXAMPLE')],
  ['cloud-key', join('AIza', 'SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY')],
  ['cloud-key', join('gh', 'p_16C7e42F292c6912E7710c838347Ae178B4a')],
  ['cloud-key', join('github', '_pat_11ABCDEFG0abcdefghijkl')],
  ['cloud-key', join('xox', 'b-123456789012-abcdefghij')],
  ['cloud-key', join('sk', '_live_4eC39HqLyjWDarjtT1zdp7dc')],
  ['gateway-key', join('sp', '_sk_live_a1b2c3d4_', 'A'.repeat(43), '_0a1b2c3d')],
  ['connection', join('postgres://app:', 's3cret@db.internal:5432/shop')],
  ['connection', join('mongodb+srv://u:', 'p@cluster0.example.net/x')],
  ['connection', join('redis://:', 'hunter2@cache:6379')],
  ['card', join('4111', '1111', '1111', '1111')],
  ['card', join('5555 5555 ', '5555 4444')],
  ['card', join('3782-822463-', '10005')],
  ['card', join('4222222', '222222')],
  ['iban', join('DE89', '370400440532013000')],
  ['iban', join('GB29 NWBK ', '6016 1331 9268 19')],
  ['iban', join('NO93', '86011117947')],
]

const HARMLESS: readonly string[] = [
  '2026-11-22T07:00:00.000Z',
  '8f14e45f-ceea-467f-a0e0-024211300010',
  '8F14E45F-CEEA-467F-A0E0-024211300010',
  '1763800000000',
  '+49 170 1234567 89',
  'https://user@example.org/a:b',
  'https://example.org:8443/a@b:c',
  'jane:roe@example.org',
  'task_id desk_live task_sk',
  'see the PUBLIC KEY',
  '4111 1111 1111 1112',
  '4111111111111111-a',
  'DE88370400440532013000',
  'sku-4111111111111111',
  'SKIAAKIAX',
  'a monkey and a key jar',
]

suite('secrets in texts', () => {
  for (const [kind, text] of SECRETS) {
    test(`finds ${kind}: ${text.slice(0, 12)}…`, () => {
      for (const around of [text, `see ${text} here`, `"${text}"`, `(${text})`]) {
        const found = withoutSecrets(around)
        assert.deepEqual(found?.kinds, [kind])
        assert.ok(!found?.text.includes(text.slice(8)))
      }
    })
  }

  for (const text of HARMLESS)
    test(`leaves ${text}`, () => assert.equal(withoutSecrets(text), undefined))

  test('takes out several, and each where it stands twice', () => {
    const all = SECRETS.slice(2)
      .map(([, text]) => text)
      .join(' ')
    const left = withoutSecrets(`${all} ${all}`)?.text ?? ''
    assert.equal(left.split('[redacted]').length - 1, (SECRETS.length - 2) * 2)
    assert.equal(left.replaceAll('[redacted]', '').trim(), '')
  })

  test('finds a number before and behind others', () => {
    const card = SECRETS.find(([kind]) => kind === 'card')?.[1] ?? ''
    for (const text of [`${card} 12`, `${card} 12 28 123`, `12 ${card}`, `4000 ${card}`])
      assert.deepEqual(withoutSecrets(text)?.text, text.replace(card, '[redacted]'))
  })

  test('leaves what is expected', () => {
    assert.equal(
      withoutSecrets(SECRETS[2]?.[1] ?? '', (kind) => kind === 'jwt'),
      undefined,
    )
  })

  test('takes linear time for hostile texts', () => {
    const hostile = [
      'eyJaaaaaaaaaaaa-',
      '4 ',
      'AB12 ',
      'postgres://a:',
      '-----BEGIN PRIVATE KEY-----',
      'a_sk_b_cccc_',
      '@',
      'https://a:b',
    ]
    for (const part of hostile) {
      const text = part.repeat(400_000 / part.length)
      const startedAt = performance.now()
      withoutSecrets(text)
      mayHoldSecret(Buffer.from(text))
      assert.ok(performance.now() - startedAt < 2000, part)
    }
  })
})

suite('the scan before', () => {
  const filler = fc.stringMatching(/^[a-z ,:{}[\]"/-]{0,300}$/)
  const padding = fc.nat({ max: 3000 }).map((length) => 'lorem ipsum '.repeat(250).slice(0, length))

  test('never misses what a detector finds, wherever it stands', () => {
    fc.assert(
      fc.property(
        padding,
        filler,
        fc.constantFrom(...SECRETS),
        filler,
        fc.nat({ max: 7 }),
        (a, b, [, text], c, shift) => {
          const body = Buffer.from(`${'x'.repeat(shift)}${a}${b} ${text} ${c}`).subarray(shift)
          const isFound = withoutSecrets(body.toString('latin1')) !== undefined
          assert.ok(!isFound || mayHoldSecret(body), body.toString())
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('agrees with its twin', () => {
    const unit = fc.constantFrom(
      ...SECRETS.map(([, text]) => text),
      ...HARMLESS,
      ...'PRIVATE KEY|eyJ|AKIA|ASIA|AIza|xox|b-|_sk_|k_live_|b_pat_|ghp_|gho_|ghs_|DE89|AB12'.split(
        '|',
      ),
      ...'\\\\u00 4 \\\\u001 @ : // http://a: \\/ " 2026-11-22T03 4111 1111- - é \n'.split(' '),
      ' ',
      'lorem ipsum dolor sit amet',
    )
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 40 }), fc.nat(200), (parts, cut) => {
        const text = Buffer.from(parts.join(''))
        const body = text.subarray(0, Math.max(26, text.length - cut))
        if (body.length < 26) return
        assert.equal(mayHoldSecret(body), mayHoldSecretPlainly(body), body.toString('latin1'))
      }),
      { numRuns: 10_000 },
    )
  })

  test('agrees with its twin about numbers of every length at every place', () => {
    for (const char of ['4', '7', 'A', ' '])
      for (let length = 1; length < 40; length += 1)
        for (let shift = 0; shift < 20; shift += 1)
          for (const end of ['', ',', 'DE89', '11'])
            for (const rest of ['', 'x'.repeat(30)]) {
              const body = Buffer.from(
                `${'x'.repeat(26 + shift)}${char.repeat(length)}${end}${rest}`,
              )
              assert.equal(mayHoldSecret(body), mayHoldSecretPlainly(body), body.toString())
            }
  })

  test('holds nothing of a text before', () => {
    mayHoldSecret(Buffer.from(SECRETS.map(([, text]) => text).join(' ')))
    assert.equal(mayHoldSecret(Buffer.from('[1]')), false)
  })

  test('reads large texts in plain TypeScript', () => {
    const [, card = ''] = SECRETS.find(([kind]) => kind === 'card') ?? []
    for (const size of [1_000_000, MAX_SCANNED_BYTES, MAX_SCANNED_BYTES + 1]) {
      const body = Buffer.alloc(size, 'lorem ')
      assert.equal(mayHoldSecret(body), false)
      body.write(card, size - 20)
      assert.equal(mayHoldSecret(body), true)
    }
  })

  test('never misses letters written as escapes', () => {
    assert.equal(mayHoldSecret(Buffer.from(String.raw`{"a":"\u0041KIAIOSFODNN7EXAMPLE"}`)), true)
    assert.equal(mayHoldSecret(Buffer.from(String.raw`{"a":"M\u00fcller"}`)), false)
  })

  test('never misses slashes written as escapes', () => {
    const text = String.raw`{"a":"mysql:\/\/u:p@h\/d"}`
    assert.equal(mayHoldSecret(Buffer.from(text)), true)
  })

  test('says no for nearly all that is harmless', () => {
    const harmless = HARMLESS.filter(
      (text) => !/^(?:4111|DE88|sku|8F|\+|https:..example|SKIA)/.test(text),
    )
    for (const text of harmless)
      assert.equal(mayHoldSecret(Buffer.from(`{"a":"${text}"}`)), false, text)
  })
})
