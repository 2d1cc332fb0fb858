import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isSpecialUse } from '../base/cidr.ts'
import { urlFault } from './url-guard.ts'

const refused: [name: string, url: string, fault: string][] = [
  ['refuses plain http', 'http://hooks.example.com/a', 'scheme'],
  ['refuses file', 'file:///etc/passwd', 'scheme'],
  ['refuses gopher', 'gopher://a.example.com:70/x', 'scheme'],
  ['refuses data', 'data:text/html,x', 'scheme'],
  ['refuses javascript', 'javascript:alert(1)', 'scheme'],
  ['refuses a relative URL', '/admin', 'malformed'],
  ['refuses a URL without scheme', '//hooks.shop.com/a', 'malformed'],
  ['refuses one slash', 'https:/127.0.0.1/', 'malformed'],
  ['refuses no slash', 'https:127.0.0.1', 'malformed'],
  ['refuses three slashes', 'https:///127.0.0.1', 'malformed'],
  ['refuses user information', 'https://u:p@hooks.shop.com/', 'user_info'],
  [
    'refuses a host that looks like user information',
    'https://hooks.shop.com@127.0.0.1/',
    'user_info',
  ],
  ['refuses an empty user', 'https://@hooks.shop.com/', 'user_info'],
  ['refuses another port', 'https://hooks.shop.com:8443/', 'port'],
  ['refuses the port of ssh', 'https://hooks.shop.com:22/', 'port'],
  ['refuses a port that is no number', 'https://hooks.shop.com:x/', 'malformed'],
  ['refuses loopback', 'https://127.0.0.1/', 'ip_literal'],
  ['refuses other loopback', 'https://127.127.127.127/', 'ip_literal'],
  ['refuses short loopback', 'https://127.1/', 'ip_literal'],
  ['refuses three-part loopback', 'https://127.0.1/', 'ip_literal'],
  ['refuses zero', 'https://0/', 'ip_literal'],
  ['refuses the unspecified address', 'https://0.0.0.0/', 'ip_literal'],
  ['refuses decimal loopback', 'https://2130706433/', 'ip_literal'],
  ['refuses hexadecimal loopback', 'https://0x7f000001/', 'ip_literal'],
  ['refuses dotted hexadecimal loopback', 'https://0x7f.0x0.0x0.0x1/', 'ip_literal'],
  ['refuses octal loopback', 'https://0177.0.0.1/', 'ip_literal'],
  ['refuses long octal loopback', 'https://017700000001/', 'ip_literal'],
  ['refuses mixed radix', 'https://0x7f.1/', 'ip_literal'],
  ['refuses an overflowing number', 'https://4294967297/', 'ip_literal'],
  ['refuses a bare hexadecimal prefix', 'https://a.0x/', 'ip_literal'],
  ['refuses loopback with a trailing dot', 'https://127.0.0.1./', 'ip_literal'],
  ['refuses a private address', 'https://10.1.2.3/', 'ip_literal'],
  ['refuses the metadata service', 'https://169.254.169.254/latest/meta-data/', 'ip_literal'],
  ['refuses the metadata service in decimal', 'https://2852039166/', 'ip_literal'],
  ['refuses IPv6 loopback', 'https://[::1]/', 'ip_literal'],
  ['refuses unspecified IPv6', 'https://[::]/', 'ip_literal'],
  ['refuses mapped loopback', 'https://[::ffff:127.0.0.1]/', 'ip_literal'],
  ['refuses mapped loopback in hexadecimal', 'https://[::ffff:7f00:1]/', 'ip_literal'],
  [
    'refuses long IPv6 loopback',
    'https://[0000:0000:0000:0000:0000:0000:0000:0001]/',
    'ip_literal',
  ],
  ['refuses NAT64', 'https://[64:ff9b::7f00:1]/', 'ip_literal'],
  ['refuses link-local IPv6', 'https://[fe80::1]/', 'ip_literal'],
  ['refuses a zone', 'https://[fe80::1%25eth0]/', 'malformed'],
  ['refuses a public address', 'https://93.184.216.34/', 'ip_literal'],
  ['refuses localhost', 'https://localhost/', 'private_name'],
  ['refuses localhost in capitals', 'https://LOCALHOST/', 'private_name'],
  ['refuses localhost with a trailing dot', 'https://localhost./', 'private_name'],
  ['refuses names below localhost', 'https://a.localhost/', 'private_name'],
  ['refuses internal names', 'https://metadata.google.internal/', 'private_name'],
  ['refuses local names', 'https://printer.local/', 'private_name'],
  ['refuses cluster names', 'https://kubernetes.default.svc/', 'private_name'],
  ['refuses single labels', 'https://metadata/', 'private_name'],
  ['refuses trailing dots', 'https://hooks.shop.com./', 'private_name'],
  ['refuses names that spell an address', 'https://127.0.0.1.nip.io/', 'private_name'],
  ['refuses names known to answer loopback', 'https://a.localtest.me/', 'private_name'],
  ['refuses percent-encoded hosts', 'https://%6c%6f%63alhost/', 'malformed'],
  ['refuses ideographic full stops', 'https://127\u30020\u30020\u30021/', 'malformed'],
  ['refuses full-width digits', 'https://\uff11\uff12\uff17.0.0.1/', 'malformed'],
  ['refuses circled letters', 'https://\u24db\u24de\u24d2\u24d0\u24dbhost/', 'malformed'],
  ['refuses a backslash before the host', 'https:\\\\127.0.0.1/', 'malformed'],
  ['refuses a backslash behind a host', 'https://hooks.shop.com\\@127.0.0.1/', 'malformed'],
  ['refuses a tab inside', 'https://hooks.shop.com\t/', 'malformed'],
  ['refuses a line feed inside', 'https://hooks.shop\n.com/', 'malformed'],
  ['refuses a leading space', ' https://hooks.shop.com/', 'malformed'],
  ['refuses an empty label', 'https://hooks..shop.com/', 'private_name'],
  ['refuses an empty host', 'https://?x', 'malformed'],
  ['refuses more than 2,048 characters', `https://hooks.shop.com/${'a'.repeat(2048)}`, 'malformed'],
]
for (const [name, url, fault] of refused) test(name, () => assert.equal(urlFault(url), fault))

const accepted: [name: string, url: string][] = [
  ['accepts a public name', 'https://hooks.shop.com/a?b=c#d'],
  ['accepts the default port', 'https://hooks.shop.com:443/'],
  ['accepts capitals', 'HTTPS://Hooks.Shop.com'],
  ['accepts a punycode name', 'https://xn--bcher-kva.ch/'],
  ['accepts a name with digits in front', 'https://1.2.3.4.shop.com/'],
  ['accepts an encoded path', 'https://hooks.shop.com/%7Efoo'],
]
for (const [name, url] of accepted) test(name, () => assert.equal(urlFault(url), undefined))

const allowHosts = new Set(['hooks.shop.com', '10.0.0.5:8443', 'billing.shop.com:80'])
const limited: [name: string, url: string, fault: string | undefined][] = [
  ['accepts a listed host', 'https://hooks.shop.com/x', undefined],
  ['accepts a listed address and port', 'https://10.0.0.5:8443/', undefined],
  ['refuses a listed host on another port', 'https://hooks.shop.com:8443/', 'host_not_allowed'],
  ['refuses a host that is not listed', 'https://evil.com/', 'host_not_allowed'],
  ['refuses a host below a listed one', 'https://a.hooks.shop.com/', 'host_not_allowed'],
  ['refuses plain http to a listed host', 'http://hooks.shop.com/', 'scheme'],
  ['accepts plain http to a listed address and port', 'http://10.0.0.5:8443/', undefined],
  ['accepts plain http where port 80 is listed', 'http://billing.shop.com/', undefined],
  ['refuses plain http to another port of it', 'http://billing.shop.com:8080/', 'scheme'],
  ['refuses a user before it', 'http://u@billing.shop.com/', 'user_info'],
  ['refuses user information before a listed host', 'https://a@hooks.shop.com/', 'user_info'],
]
for (const [name, url, fault] of limited)
  test(`with a list: ${name}`, () => assert.equal(urlFault(url, { allowHosts }), fault))

test('never throws, and what passes has a public host by WHATWG parsing too', () => {
  const part = fc.constantFrom(
    'a',
    '1',
    '.',
    '0x',
    '127',
    '[',
    ']',
    ':',
    '::',
    '@',
    '%',
    '/',
    '?',
    '#',
    '\\',
    'localhost',
    '.com',
    '。',
  )
  const text = fc.oneof(
    fc.array(part, { maxLength: 8 }).map((parts) => `https://${parts.join('')}`),
    fc.ipV4Extended().map((ip) => `https://${ip}/`),
    fc.webUrl({ validSchemes: ['https'] }),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(text, (url) => {
      if (urlFault(url) !== undefined) return
      const { hostname, port, username, protocol } = new URL(url)
      assert.deepEqual([port, username, protocol], ['', '', 'https:'])
      assert.equal(isSpecialUse(hostname.replaceAll(/[[\]]/g, '')), false)
      assert.match(hostname, /[a-z]/)
    }),
    { numRuns: 3000 },
  )
})
