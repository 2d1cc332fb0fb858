import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { urlFault } from '../../http/url-guard.ts'
import { DeclaredJudge } from './declared-judge.ts'

const ANY: ReadonlySet<string> = new Set()

test('bounds hosts that only a parser can read', () => {
  const judge = new DeclaredJudge({})
  const faults = Array.from({ length: 300 }, (_, n) => judge.fault(`https://xn--${n}-0ga.ch/a`))
  assert.equal(faults.indexOf('too_many_hosts'), 128)
  assert.equal(judge.fault('https://xn--5-0ga.ch/b'), undefined)
  assert.equal(judge.fault('https://x300.example/b'), undefined)
  assert.equal(judge.fault('https://x300.example:443/b'), undefined)
})

test('counts no host that the operator allows', () => {
  const hosts = Array.from({ length: 300 }, (_, n) => `xn--${n}-0ga.ch`)
  const judge = new DeclaredJudge({ allowHosts: new Set(hosts) })
  for (const host of hosts) assert.equal(judge.fault(`https://${host}/`), undefined)
})

test('counts no hosts in plain ASCII', () => {
  const judge = new DeclaredJudge({})
  for (let n = 0; n < 1000; n++) {
    assert.equal(judge.fault(`https://a${n}.example/`), undefined)
    assert.equal(judge.fault(`https://a${n}.example:443?`), undefined)
  }
})

test('what is judged again says the same', () => {
  const hosts = [
    'xn--bcher-kva.ch',
    'xn--a.ch',
    'a.b1',
    'a.b-',
    'shop.example',
    'shop.example:8443',
    '[::1]',
    '127.1',
    '',
  ]
  const text = fc
    .tuple(
      fc.constantFrom('https://', 'http://', 'HTTPS://', 'https:/', 'a://', 'https:'),
      fc.constantFrom(...hosts),
      fc.constantFrom('', '/', '/b', '?c', '#d', '/ü', '/\\', `/${'e'.repeat(2048)}`),
    )
    .map((pieces) => pieces.join(''))
  const allowHosts = fc.constantFrom(ANY, new Set(['shop.example:8443', 'xn--bcher-kva.ch']))
  fc.assert(
    fc.property(fc.array(text, { minLength: 2, maxLength: 9 }), allowHosts, (texts, allowed) => {
      const judge = new DeclaredJudge({ allowHosts: allowed })
      for (const one of [...texts, ...texts])
        assert.equal(judge.fault(one), urlFault(one, { allowHosts: allowed }), one)
    }),
    { numRuns: 2000 },
  )
})
