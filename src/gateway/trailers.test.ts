import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { hasControl, isToken } from '../http/chars.ts'
import { passedTrailers } from './trailers.ts'

const all = (): boolean => true

const cases: [name: string, trailers: string[], passed: string[]][] = [
  ['nothing is nothing', [], []],
  ['the status of gRPC passes', ['grpc-status', '0'], ['grpc-status', '0']],
  ['names come out in lower case', ['X-Sum', '1'], ['x-sum', '1']],
  ['one name may come twice', ['x-a', '1', 'x-a', '2'], ['x-a', '1', 'x-a', '2']],
  ['a length does not', ['content-length', '0', 'x-a', '1'], ['x-a', '1']],
  ['a coding does not', ['transfer-encoding', 'chunked'], []],
  ['a host does not', ['host', 'evil'], []],
  ['a credential does not', ['authorization', 'Bearer x', 'cookie', 'a=b'], []],
  ['a cookie of the API does not', ['set-cookie', 'a=b'], []],
  ['what allows another origin does not', ['access-control-allow-origin', '*'], []],
  ['what the gateway says of itself does not', ['sallyport-request-id', 'x'], []],
  ['a pseudo field does not', [':status', '200'], []],
  ['a line break does not', ['x-a', 'b\r\nx-c: d'], []],
  ['an empty name does not', ['', 'a'], []],
  ['what the plan drops does not', ['x-secret', 'a', 'x-b', 'c'], ['x-b', 'c']],
]
for (const [name, trailers, passed] of cases) {
  test(name, () =>
    assert.deepEqual(
      passedTrailers(trailers, (field) => field !== 'x-secret'),
      passed,
    ),
  )
}

test('at most 64 fields and 8 KB pass', () => {
  const many = Array.from({ length: 200 }, (_, i) => [`x-${i}`, 'a']).flat()
  assert.equal(passedTrailers(many, all).length, 128)
  const long = Array.from({ length: 10 }, (_, i) => [`x-${i}`, 'a'.repeat(1_000)]).flat()
  assert.equal(passedTrailers(long, all).length, 16)
})

test('whatever comes, only clean pairs go on', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 300 }), (trailers) => {
      const passed = passedTrailers(trailers, all)
      assert.equal(passed.length % 2, 0)
      passed.forEach((part, i) => assert.ok(i % 2 === 0 ? isToken(part) : !hasControl(part)))
    }),
  )
})
