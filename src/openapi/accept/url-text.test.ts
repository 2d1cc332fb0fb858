import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { JSON_LIMITS } from '../../http/json-limits.ts'
import { scanJson } from '../../http/json-scan.ts'
import { PRIVATE_SUFFIXES, urlFault } from '../../http/url-guard.ts'
import { makeFixture } from '../schema/fixture.ts'
import type { Accepted } from './accept-kernel.ts'
import { acceptorOf } from './acceptors.ts'

const URI = { type: 'string', format: 'uri' }

/** What the kernel and its twin say of texts. */
function judges(
  root: object,
  caps?: { readonly maxLength: number; readonly maxItems: number },
): { accept(text: string): Accepted; fits(text: string): boolean } {
  const options = caps === undefined ? {} : { caps }
  const { compiler, ref } = makeFixture({ components: { schemas: { root } } }, '2020-12', options)
  const at = ref('/components/schemas/root')
  const acceptor = acceptorOf(compiler, at, JSON_LIMITS)
  assert.ok(acceptor !== undefined)
  const validate = compiler.validator(at)
  return {
    accept: (text) => acceptor(Buffer.from(text)),
    fits: (text) => validate(JSON.parse(text)) === undefined,
  }
}

const { accept, fits } = judges(URI)

const rows: [name: string, text: string, accepted: Accepted][] = [
  ['takes a public URL', '"https://hooks.shop-example.com/a/b.html?c=d&e=%2F#f?g"', 'fits'],
  ['takes a bare host', '"https://shop.example"', 'fits'],
  ['takes a query behind the host', '"https://shop.example?a"', 'fits'],
  ['takes a fragment behind the host', '"https://shop.example#a"', 'fits'],
  ['takes capitals', '"HttpS://Shop.Example/A"', 'fits'],
  ['takes escaped slashes', '"https:\\/\\/shop.example\\/a"', 'fits'],
  ['takes escaped characters', '"https:\\u002f/sho\\u0070.example/\\u0061"', 'fits'],
  ['takes the port of https', '"https://shop.example:443/"', 'fits'],
  ['takes every character of a path', `"https://a.example/-._~!$&'()*+,;=:@09azAZ"`, 'fits'],
  ['takes 2,048 characters', `"https://a.example/${'a'.repeat(2030)}"`, 'fits'],
  ['leaves longer ones to the twin', `"https://a.example/${'a'.repeat(2031)}"`, 'unknown'],
  ['leaves http to the twin', '"http://shop.example/"', 'unknown'],
  ['leaves other ports to the twin', '"https://shop.example:4430/"', 'unknown'],
  ['leaves empty ports to the twin', '"https://shop.example:/"', 'unknown'],
  ['leaves users to the twin', '"https://a@shop.example/"', 'unknown'],
  ['lets Punycode be judged', '"https://a.xn--bcher-kva.ch/"', 'unscanned'],
  ['lets Punycode in front be judged', '"https://xn--bcher-kva.ch/"', 'unscanned'],
  ['leaves addresses to the twin', '"https://93.184.216.34/"', 'unknown'],
  ['lets special addresses be judged', '"https://169.254.169.254/"', 'unscanned'],
  ['leaves IPv6 to the twin', '"https://[2606:4700::1]/"', 'unknown'],
  ['lets single labels be judged', '"https://metadata/"', 'unscanned'],
  ['lets trailing dots be judged', '"https://shop.example./"', 'unscanned'],
  ['leaves one slash to the twin', '"https:/shop.example/"', 'unknown'],
  ['leaves other words to the twin', '"httpz://shop.example/"', 'unknown'],
  ['leaves short texts to the twin', '"https"', 'unknown'],
  ['leaves the scheme alone to the twin', '"https:"', 'unknown'],
  ['lets no host be judged', '"https://"', 'unscanned'],
  ['leaves half an escape to the twin', '"https://shop.example/%2"', 'unknown'],
  ['leaves what is no escape to the twin', '"https://shop.example/%2g"', 'unknown'],
  ['leaves two fragments to the twin', '"https://shop.example/#a#b"', 'unknown'],
  ['leaves spaces to the twin', '"https://shop.example/a b"', 'unknown'],
  ['leaves backslashes to the twin', '"https://shop.example\\\\a"', 'unknown'],
  ['leaves quotes to the twin', '"https://shop.example/\\""', 'unknown'],
  ['leaves letters beyond ASCII to the twin', '"https://shop.example/ü"', 'unknown'],
  ['leaves escaped controls to the twin', '"https://shop.example/\\t"', 'unknown'],
]

suite('a text of the format uri', () => {
  for (const [name, text, accepted] of rows) test(name, () => assert.equal(accept(text), accepted))

  test('is none that lead inside by its name', () => {
    for (const suffix of PRIVATE_SUFFIXES) {
      assert.equal(accept(`"https://a.${suffix}/"`), 'unscanned', suffix)
      assert.equal(accept(`"https://${suffix}.example/"`), 'fits', suffix)
    }
  })

  test('keeps its bounds', () => {
    const short = judges({ ...URI, minLength: 20, maxLength: 22 })
    const said = [19, 20, 22, 23].map((length) => short.accept(`"${url(length)}"`))
    assert.deepEqual(said, ['unknown', 'fits', 'fits', 'unknown'])
    assert.equal(judges(URI, { maxLength: 20, maxItems: 9 }).accept(`"${url(21)}"`), 'unknown')
  })

  test('says which names the document does not list', () => {
    const open = judges({ properties: { a: URI }, additionalProperties: { type: 'string' } })
    assert.equal(open.accept(`{"a":"${url(20)}"}`), 'fits')
    assert.equal(open.accept(`{"a":"${url(20)}","b":"c"}`), 'unlisted')
    assert.equal(open.accept(`{"b":"http://c","a":"${url(20)}"}`), 'unlisted')
    const closed = judges({ properties: { a: URI, b: {} }, additionalProperties: false })
    assert.equal(closed.accept(`{"a":"${url(20)}","b":"http://c"}`), 'unscanned')
    assert.equal(closed.accept(`{"a":"${url(20)}","b":[1e500]}`), 'unscanned')
    assert.equal(closed.accept(`{"b":[{"c":1}],"a":"${url(20)}"}`), 'unlisted')
  })
})

function url(length: number): string {
  const start = 'https://a.example/'
  return start + 'b'.repeat(length - start.length)
}

const PIECES =
  'https:// https:// HTTPS:// http:// https:/ // a b1 x-y u_v . . . com io me example xn--a localhost nip lan 127 8 0x7f ' +
  ': :443 :443 :80 :4434 @ / / ? # %41 %4 %zz \\ " \u00fc \u3002 [::1] ~ ( ! ; | ^ { < , \t'
const spelt = fc
  .tuple(
    fc.array(fc.constantFrom(...PIECES.split(' ')), { maxLength: 6 }),
    fc.constantFrom('', 'https://shop.', 'https://shop.example/'),
    fc.array(fc.nat(9), { minLength: 1 }),
  )
  .map(([pieces, start, escapes]): [text: string, json: string] => {
    const text = start + pieces.join('')
    const units = Array.from(text, (char, at) => {
      if (escapes[at % escapes.length] !== 0) return JSON.stringify(char).slice(1, -1)
      return char === '/' ? '\\/' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
    })
    return [text, `"${units.join('')}"`]
  })

test('a text that is accepted is a public URL, or the scan tells of it', () => {
  const seen = { public: 0, odd: 0 }
  fc.assert(
    fc.property(spelt, ([text, escaped]) => {
      for (const json of [JSON.stringify(text), escaped]) {
        const accepted = accept(json)
        if (accepted === 'unknown') continue
        assert.ok(fits(json), json)
        const outline = scanJson(Buffer.from(`[${json}]`))
        assert.ok(outline.fault === undefined, json)
        const isTold = outline.leading?.count === 1
        assert.equal(isTold, accepted === 'unscanned', json)
        if (!isTold) assert.equal(urlFault(text), undefined, json)
        seen[isTold ? 'odd' : 'public'] += 1
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 5000) },
  )
  assert.ok(seen.public > 200 && seen.odd > 200, JSON.stringify(seen))
})
