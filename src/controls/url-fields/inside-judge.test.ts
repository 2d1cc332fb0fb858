import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { isSpecialUse } from '../../base/cidr.ts'
import { scanJson } from '../../http/json-scan.ts'
import { innerFault, PRIVATE_SUFFIXES } from '../../http/url-guard.ts'
import { InsideJudge, LOCAL_SCHEMES } from './inside-judge.ts'
import type { HostFault } from './odd-hosts.ts'
import { looksLikeUrl } from './url-likeness.ts'

/** Texts, and whether they lead inside. */
const spellings: [url: string, leadsInside: boolean][] = [
  ['http://127.0.0.1/', true],
  ['http://127.1/', true],
  ['http://2130706433/', true],
  ['http://0x7f000001', true],
  ['http://0177.0.0.1', true],
  ['http://0', true],
  ['http://[::1]:80/', true],
  ['http://[::ffff:7f00:1]/', true],
  ['http://[fe80::1]/', true],
  ['http://10.0.0.5:8080/', true],
  ['http://192.168.1.1', true],
  ['http://172.16.0.1', true],
  ['http://100.64.0.1', true],
  ['http://169.254.169.254/latest/', true],
  ['http://①②⑦.⓪.⓪.①/', true],
  ['http://127。0。0。1/', true],
  ['http:127.0.0.1', true],
  ['http:/127.0.0.1', true],
  ['http:\\\\127.0.0.1', true],
  ['  http://127.0.0.1', true],
  ['\thttp://127.0.0.1', true],
  ['ht\ntp://127.0.0.1', false],
  ['//127.0.0.1/a', true],
  ['\\\\127.0.0.1\\share', true],
  ['http://a@127.0.0.1/', true],
  ['http://example.com@localhost/', true],
  ['HTTP://LOCALHOST', true],
  ['http://localhost.:80', true],
  ['http://backend/', true],
  ['http://db.internal', true],
  ['http://127.0.0.1.nip.io', true],
  ['ftp://10.0.0.5/', true],
  ['ws://localhost', true],
  ['file:///etc/passwd', true],
  ['gopher://127.0.0.1:6379/_x', true],
  ['dict://127.0.0.1:11211/', true],
  ['jar:http://127.0.0.1!/', true],
  ['php://filter/x', true],
  ['ldap://10.0.0.5/', true],
  ['http://example.org/', false],
  ['https://user:pw@example.org:8443/x?y=http://127.0.0.1', false],
  ['http://93.184.216.34/', false],
  ['https://münchen.example.org/', false],
  ['myapp://callback', false],
  ['mailto:a@example.org', false],
  ['tel:+4712345678', false],
  ['urn:isbn:1', false],
  ['C:\\file', false],
  ['12:30', false],
  ['note: call me', false],
  ['http://', false],
  ['', false],
]

function faultOf(text: string, allowHosts: readonly string[] = []): HostFault | undefined {
  return new InsideJudge(new Set(allowHosts)).fault(text)
}

suite('what leads inside although nobody declared a URL', () => {
  for (const [url, leadsInside] of spellings) {
    test(`${leadsInside ? 'refuses' : 'lets pass'} ${JSON.stringify(url)}`, () => {
      assert.equal(faultOf(url) !== undefined, leadsInside)
    })
  }

  test('no text makes it throw', () => {
    fc.assert(fc.property(fc.string(), (url) => void faultOf(`http:${url}`)))
  })

  test('lets pass what the operator allows', () => {
    assert.equal(faultOf('http://billing.internal:8080/a', ['billing.internal:8080']), undefined)
    assert.equal(faultOf('http://billing.internal/a', ['billing.internal']), undefined)
    assert.equal(faultOf('http://billing.internal:81/', ['billing.internal:8080']), 'private_name')
  })

  test('bounds hosts that only a parser can read', () => {
    const judge = new InsideJudge(new Set())
    const faults = Array.from({ length: 300 }, (_, n) => judge.fault(`http://ü${n}.example/a`))
    assert.equal(faults.indexOf('too_many_hosts'), 128)
    assert.equal(judge.fault('http://ü5.example/b'), undefined)
    assert.equal(judge.fault('http://x300.example/b'), undefined)
    assert.equal(judge.fault('http://93.184.216.34:81/b'), undefined)
    assert.equal(judge.fault('http://10.0.0.1'), 'ip_literal')
  })
})

/** The same by a URL parser alone. */
function parsedFault(text: string): HostFault | undefined {
  const url = looksLikeUrl(text) ? URL.parse(text, 'https://example.com') : null
  if (url === null) return undefined
  if (/^(?:dict|file|gopher|jar|ldap|php|url):$/.test(url.protocol)) return 'scheme'
  if (!/^(?:https?|wss?|ftp):$/.test(url.protocol)) return undefined
  const fault = innerFault(url.hostname)
  const address = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return fault === 'ip_literal' && !isSpecialUse(address) ? undefined : fault
}

const LABELS = (
  'a b1 x-y u_v xn--bcher-kva xn--a example com io me gd ms us cz localhost local localdomain internal intranet lan ' +
  'home corp private arpa in-addr ip6 onion nip sslip xip localtest lvh vcap lacolhost yoogle readme 1u rbndr ' +
  'traefik fbi svc cluster consul 0 1 10 100 127 172 192 198 203 8 255 256 01 0x7f ü \u3002 %61 \uff41'
).split(' ')
const octet = fc.oneof(
  fc.constantFrom(0, 2, 10, 18, 31, 51, 64, 88, 100, 113, 127, 168),
  fc.nat(260),
)
const host = fc.oneof(
  fc.array(fc.constantFrom(...LABELS), { minLength: 1, maxLength: 4 }).map((all) => all.join('.')),
  fc
    .tuple(fc.constantFrom(1, 10, 100, 127, 169, 172, 192, 198, 203, 224), octet, octet, octet)
    .map((all) => all.join('.')),
  fc.constantFrom('[::1]', '[2606:4700::1]', '192.31.196.1', '192.52.193.9', '192.175.48.2', ''),
)
const SCHEMES = [
  'http:',
  'HTTPS:',
  'ws:',
  'wss:',
  'Ftp:',
  '',
  'file:',
  'jar:',
  'url:',
  'a:',
  'ht\ntp:',
]
const urls = fc
  .tuple(
    fc.constantFrom('', '', '', ' ', '\u00a0', '\t', '\u2003', '\ufeff'),
    fc.constantFrom(...SCHEMES),
    fc.constantFrom('//', '//', '//', '/', '\\\\', '/\\', '///', ''),
    fc.constantFrom('', '', '', 'a@', 'u:p@'),
    host,
    fc.constantFrom('', '', '', '.', ':80', ':', ':0x50', ':99999'),
    fc.constantFrom('', '/', '/a?b#c', '?x', '#y', '\\', '@b.internal', ' ', '\t/', 'ü/'),
  )
  .map((pieces) => pieces.join(''))
const anyText = fc.oneof(urls, fc.constantFrom(...spellings.map(([url]) => url)))

test('says what a URL parser says', () => {
  let faults = 0
  fc.assert(
    fc.property(anyText, (text) => {
      const expected = parsedFault(text)
      const found = faultOf(text)
      // What no parser reads, for its port or what follows a scheme that reads files, may be refused all the same.
      const isRead = URL.canParse(text, 'https://example.com')
      if (isRead || expected !== undefined) assert.equal(found, expected, JSON.stringify(text))
      if (expected !== undefined) faults += 1
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 5000) },
  )
  assert.ok(faults > 500, `only ${faults} faults`)
})

test('what is judged again says the same', () => {
  fc.assert(
    fc.property(fc.array(anyText, { minLength: 2, maxLength: 6 }), (texts) => {
      const judge = new InsideJudge(new Set())
      for (const text of [...texts, ...texts.map((one) => `${one}x`)])
        assert.equal(judge.fault(text), faultOf(text), JSON.stringify(text))
    }),
    { numRuns: 1000 },
  )
})

/** A JSON string of a text, some characters written as escapes. */
function spelt(text: string, escapes: readonly boolean[]): string {
  const units = Array.from({ length: text.length }, (_, at) => {
    const unit = text.charCodeAt(at)
    if (escapes[at % escapes.length] === true)
      return text[at] === '/' ? '\\/' : `\\u${unit.toString(16).padStart(4, '0')}`
    return unit > 0xd7ff && unit < 0xe000 ? (text[at] ?? '') : JSON.stringify(text[at]).slice(1, -1)
  })
  return `"${units.join('')}"`
}

test('what leads inside is among the texts that the scan tells of', () => {
  let plain = 0
  fc.assert(
    fc.property(anyText, fc.array(fc.boolean(), { minLength: 1 }), (text, escapes) => {
      for (const json of [JSON.stringify(text), spelt(text, escapes)]) {
        const outline = scanJson(Buffer.from(`{"url":[${json}]}`))
        assert.ok(outline.fault === undefined, json)
        if (faultOf(text) !== undefined) assert.equal(outline.leading?.count, 1, json)
        else if (outline.leading?.count === 0 && looksLikeUrl(text)) plain += 1
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 5000) },
  )
  assert.ok(plain > 300, `only ${plain} public URLs were known as such`)
})

suite('the scan tells of', () => {
  const isTold = (text: string): boolean => {
    const outline = scanJson(Buffer.from(JSON.stringify([text])))
    assert.ok(outline.fault === undefined)
    return outline.leading?.count === 1
  }

  test('every end of names that lead inside, and hardly more', () => {
    for (const suffix of PRIVATE_SUFFIXES) {
      assert.ok(isTold(`https://a.${suffix}/`), suffix)
      assert.ok(isTold(`//A.${suffix.toUpperCase()}`), suffix)
      assert.ok(!isTold(`https://${suffix}.example/`), suffix)
    }
    for (const end of ['com', 'io', 'me', 'us', 'ms', 'gd', 'org', 'lans', 'locals', 'co'])
      assert.ok(!isTold(`https://a.shop.${end}/`), end)
  })

  test('every scheme that reads files, and no other', () => {
    for (const scheme of LOCAL_SCHEMES) assert.ok(isTold(`${scheme.toUpperCase()}:x`), scheme)
    for (const scheme of ['mailto', 'data', 'fil', 'files', 'blobs', 'myapp', 'x'.repeat(32)])
      assert.ok(!isTold(`${scheme}:x`), scheme)
  })

  test('addresses that are special, and no others', () => {
    const edges = [
      0, 1, 2, 10, 18, 19, 31, 51, 52, 63, 64, 88, 99, 100, 113, 127, 128, 168, 175, 193, 196, 254,
    ]
    const bytes = [...edges, 15, 16, 20, 32, 48, 49, 169, 172, 192, 198, 203, 223, 224, 255]
    for (const a of bytes)
      for (const b of bytes)
        for (const c of bytes) {
          const address = `${a}.${b}.${c}.7`
          assert.equal(isTold(`http://${address}:8080/`), isSpecialUse(address), address)
        }
  })
})
