import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { secretWatch } from './secret-watch.ts'

const AWS = 'AKIAIOSFODNN7EXAMPLE'
const PEM = '-----BEGIN PRIVATE KEY-----\nMIIE'
const FILL = 'a line of a log\n'.repeat(200)
const CARD = '4111 1111 1111 1111'
const IBAN = 'DE89 3704 0044 0532 0130 00'
const JWT = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.${'s1g'.repeat(20)}`
const DSN = 'postgres://user:pass@db.example/shop'

/** What goes on of a text in pieces; `undefined`: broken off. */
function passed(pieces: readonly string[]): string | undefined {
  const watch = secretWatch(() => undefined)
  let out = ''
  for (const piece of pieces) {
    const left = watch(Buffer.from(piece, 'latin1'), false)
    if (left === undefined) return undefined
    out += left.toString('latin1')
  }
  const rest = watch(Buffer.alloc(0), true)
  return rest === undefined ? undefined : out + rest.toString('latin1')
}

const rows: [name: string, pieces: readonly string[], goesOn: boolean][] = [
  ['lets a text pass', [FILL, FILL], true],
  ['stops before a cloud key', [FILL, `${FILL}${AWS}\n`], false],
  ['stops before a private key that has no end yet', [`${FILL}${PEM}`], false],
  ['stops in a key that comes in two pieces', [`${FILL}AKIAIOSF`, `ODNN7EXAMPLE ${FILL}`], false],
  ['goes on behind a connection string, which may be an example', [DSN], true],
]
suite('secrets in streamed texts', () => {
  for (const [name, pieces, goesOn] of rows)
    test(name, () => assert.equal(passed(pieces) !== undefined, goesOn))

  test('an ordinary piece goes on as it is, at once', () => {
    const chunk = Buffer.from('data: 25 items\n\n')
    assert.deepEqual(secretWatch(() => undefined)(chunk, false), chunk)
  })

  for (const [kind, secret] of Object.entries({ CARD, IBAN, JWT, DSN })) {
    const covered = `${FILL}x ${'*'.repeat(secret.length)} y\n${FILL}`
    test(`${kind}: is covered in one piece`, () =>
      assert.equal(passed([`${FILL}x ${secret} y\n${FILL}`]), covered))

    test(`${kind}: is covered at the end of all`, () =>
      assert.equal(passed([`x ${secret}`]), `x ${'*'.repeat(secret.length)}`))

    test(`${kind}: is covered wherever it is cut, but for what shows nothing yet`, () => {
      for (let at = 0; at <= secret.length; at += 1) {
        const found = passed([`${FILL}x ${secret.slice(0, at)}`, `${secret.slice(at)} y\n${FILL}`])
        assert.equal(found?.length, covered.length)
        assert.ok(found.endsWith(`* y\n${FILL}`), `cut at ${at}`)
        const shown = found.slice(FILL.length + 2, FILL.length + 2 + secret.length)
        assert.ok(shown.replaceAll('*', '').length <= (kind === 'DSN' ? 10 : 3), `${at}: ${shown}`)
      }
    })
  }

  test('a token longer than what may wait is covered to its end', () => {
    const pieces = [JWT, 'a'.repeat(20_000), 'b'.repeat(10), 'c\nnext']
    const found = passed(pieces) ?? ''
    assert.equal(found, `${'*'.repeat(JWT.length + 20_011)}\nnext`)
  })

  test('says once what it covered', () => {
    const told: unknown[] = []
    const watch = secretWatch((kinds) => told.push(...kinds))
    watch(Buffer.from(`${CARD}\n`), false)
    watch(Buffer.from(`${CARD}\n`), true)
    assert.deepEqual(told, ['card'])
  })

  test('nothing is lost, added or moved, however a text is cut', () => {
    const part = fc.constantFrom(
      'a',
      ' ',
      '\n',
      '4',
      '1',
      '-',
      'A',
      'eyJ',
      '.',
      'é',
      CARD,
      DSN,
      JWT,
    )
    fc.assert(
      fc.property(fc.array(fc.array(part, { maxLength: 6 }), { maxLength: 6 }), (pieces) => {
        const texts = pieces.map((piece) => piece.join(''))
        const found = passed(texts) ?? assert.fail()
        const whole = texts.join('')
        assert.equal(found.length, whole.length)
        for (let at = 0; at < whole.length; at += 1)
          assert.ok(found[at] === whole[at] || found[at] === '*')
      }),
    )
  })
})
