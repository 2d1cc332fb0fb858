import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { secretWatch } from './secret-watch.ts'

const AWS = 'AKIAIOSFODNN7EXAMPLE'
const PEM = '-----BEGIN PRIVATE KEY-----\nMIIE'
const FILL = 'a line of a log\n'.repeat(200)

const rows: [name: string, pieces: readonly string[], goesOn: boolean][] = [
  ['lets a text pass', [FILL, FILL], true],
  ['stops before a cloud key', [FILL, `${FILL}${AWS}\n`], false],
  ['stops before a private key that has no end yet', [`${FILL}${PEM}`], false],
  ['stops in a key that comes in two pieces', [`${FILL}AKIAIOSF`, `ODNN7EXAMPLE ${FILL}`], false],
  ['lets a connection pass, which may be an example', ['postgres://user:pass@db/shop'], true],
  ['lets a card pass', ['4111 1111 1111 1111'], true],
]
suite('secrets in streamed texts', () => {
  for (const [name, pieces, goesOn] of rows)
    test(name, () => {
      const watch = secretWatch()
      const verdicts = pieces.map((piece) => watch(Buffer.from(piece)))
      assert.equal(verdicts.every(Boolean), goesOn)
    })
})
