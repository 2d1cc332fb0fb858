import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { body as bodyControl } from '../body/control.ts'
import { Bench } from '../testing/bench.ts'
import { assertEveryReason, assertRefused } from '../testing/check.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { urlFields } from './control.ts'

const text = { type: 'string' }
const uri = { type: 'string', format: 'uri' }
const ok = { responses: { 200: { description: 'ok' } } }
const HOOK = {
  type: 'object',
  properties: {
    target_uri: uri,
    site: { $ref: '#/components/schemas/Address' },
    chosen: { oneOf: [{ type: 'integer' }, { allOf: [uri] }] },
    feeds: { type: 'array', items: { $ref: '#/components/schemas/Address' } },
    nested: {
      type: 'object',
      properties: { deep: { type: 'array', items: { $ref: '#/components/schemas/Hook' } } },
    },
    byName: {
      type: 'object',
      additionalProperties: { type: 'object', properties: { place: uri } },
    },
    pair: { type: 'array', prefixItems: [{ type: 'object', properties: { where: uri } }] },
    note: text,
    imageUrl: text,
    mechanic_api: text,
    partner: { type: 'string', example: 'http://partner.shop-example.com/in' },
    redirect_uri: uri,
  },
}
const body = (type: string, schema?: object): object => ({
  requestBody: { content: { [type]: schema === undefined ? {} : { schema } } },
})
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: { schemas: { Address: uri, Hook: HOOK } },
  paths: {
    '/hooks': {
      post: {
        operationId: 'hook',
        ...body('application/json', { $ref: '#/components/schemas/Hook' }),
        ...ok,
      },
    },
    '/old': {
      post: {
        operationId: 'old',
        ...body('application/json', HOOK),
        responses: { 200: { description: 'ok' }, 400: { description: 'no' } },
      },
    },
    '/files': { post: { operationId: 'file', ...body('application/octet-stream'), ...ok } },
    '/empty': { get: { operationId: 'empty', ...ok } },
    '/fetch/{where}': {
      get: {
        operationId: 'fetch',
        parameters: [
          {
            name: 'where',
            in: 'path',
            required: true,
            schema: { $ref: '#/components/schemas/Address' },
          },
          { name: 'page', in: 'query', schema: { type: 'array', items: uri } },
          { name: 'callback', in: 'query', schema: text },
          { name: 'X-Hook', in: 'header', schema: uri },
          { name: 'sid', in: 'cookie', schema: uri },
        ],
        ...ok,
      },
    },
  },
}
const PUBLIC = 'https://hooks.shop-example.com/a?b=1'
const METADATA = 'http://169.254.169.254/latest/'

/** `pointer` of the refused field; `undefined`: passes. */
const bodies: [name: string, body: unknown, pointer: string | undefined][] = [
  ['lets a public URL pass', { target_uri: PUBLIC }, undefined],
  [
    'lets a public URL pass at every place',
    { site: PUBLIC, feeds: [PUBLIC], nested: { deep: [{ target_uri: PUBLIC }] } },
    undefined,
  ],
  [
    'refuses a declared URL in plain http',
    { target_uri: 'http://hooks.shop-example.com/' },
    '/target_uri',
  ],
  ['refuses a declared URL inside', { target_uri: METADATA }, '/target_uri'],
  ['refuses behind a reference', { site: METADATA }, '/site'],
  ['refuses in a branch of a branch', { chosen: METADATA }, '/chosen'],
  ['refuses in a list', { feeds: [PUBLIC, METADATA] }, '/feeds/1'],
  [
    'refuses in a long list',
    { feeds: [...Array.from({ length: 9 }, () => PUBLIC), METADATA] },
    '/feeds/9',
  ],
  [
    'refuses in a long list under a name that says so',
    { nested: { urls: [...Array.from({ length: 9 }, () => PUBLIC), METADATA] } },
    '/nested/urls/9',
  ],
  [
    'refuses in an object far behind in a long list of texts',
    { nested: { words: [...Array.from({ length: 9 }, () => 'a:b'), [{ url: METADATA }]] } },
    '/nested/words/9/0/url',
  ],
  [
    'lets addresses inside pass in a long list that nobody fetches',
    { nested: { words: Array.from({ length: 9 }, () => METADATA) } },
    undefined,
  ],
  [
    'refuses at depth, in circles',
    { nested: { deep: [{ nested: { deep: [{ target_uri: METADATA }] } }] } },
    '/nested/deep/0/nested/deep/0/target_uri',
  ],
  [
    'refuses below a name of the client',
    { byName: { 'a/b': { place: METADATA } } },
    '/byName/a~1b/place',
  ],
  ['refuses in a pair', { pair: [{ where: METADATA }] }, '/pair/0/where'],
  ['refuses what only its name says', { imageUrl: METADATA }, '/imageUrl'],
  ['refuses a file under such a name', { imageUrl: 'file:///etc/passwd' }, '/imageUrl'],
  ['refuses what is named after an API', { mechanic_api: METADATA }, '/mechanic_api'],
  ['refuses where the document shows a URL', { partner: METADATA }, '/partner'],
  [
    'lets plain http pass where the document shows a URL',
    { partner: 'http://hooks.shop-example.com/' },
    undefined,
  ],
  [
    'lets plain http pass where nothing is declared',
    { imageUrl: 'http://cdn.shop-example.com:8080/a.png' },
    undefined,
  ],
  ['lets a text pass that is no field for URLs', { note: `see ${METADATA}` }, undefined],
  [
    'lets a picture in the field itself pass',
    { imageUrl: 'data:image/png;base64,AAAA' },
    undefined,
  ],
  ['lets a relative path pass', { imageUrl: '/img/a.png' }, undefined],
  [
    'lets a log-in on the own machine pass',
    { redirect_uri: 'http://127.0.0.1:51004/callback' },
    undefined,
  ],
  ['lets other values pass', { chosen: 5, imageUrl: null, note: true }, undefined],
]

suite('url-fields in bodies', () => {
  for (const [name, value, pointer] of bodies) {
    test(name, async () => {
      const exchange = exchangeOf()
      exchange.body = value
      const refusal = await new Bench({ document: DOCUMENT })
        .guard(urlFields, 'hook')
        .body(exchange, '')
      assertRefused(
        refusal,
        pointer === undefined ? undefined : 'url',
        pointer === undefined ? undefined : 422,
      )
      assert.equal(refusal?.denial.errors?.[0]?.pointer, pointer)
      assert.doesNotMatch(JSON.stringify(refusal?.denial ?? ''), /169\.254/)
    })
  }

  test('answers 400 where the document knows no 422', async () => {
    const exchange = exchangeOf()
    exchange.body = { target_uri: METADATA }
    assertRefused(
      await new Bench({ document: DOCUMENT }).guard(urlFields, 'old').body(exchange, ''),
      'url',
      400,
    )
  })

  test('an allow list is the only way out, and may lead inside', async () => {
    const urlHosts = ['hooks.example.org', 'orders.internal:8443']
    const guard = new Bench({ document: DOCUMENT, policy: { validate: { urlHosts } } }).guard(
      urlFields,
      'hook',
    )
    const reasonOf = async (value: object): Promise<string | undefined> => {
      const exchange = exchangeOf()
      exchange.body = value
      return (await guard.body(exchange, ''))?.denial.reason
    }
    assert.equal(await reasonOf({ target_uri: 'https://hooks.example.org/a' }), undefined)
    assert.equal(await reasonOf({ target_uri: 'https://orders.internal:8443/a' }), undefined)
    assert.equal(await reasonOf({ target_uri: 'http://orders.internal:8443/a' }), undefined)
    assert.equal(await reasonOf({ target_uri: 'http://hooks.example.org/a' }), 'url')
    assert.equal(await reasonOf({ target_uri: PUBLIC }), 'url')
    assert.equal(await reasonOf({ imageUrl: 'http://orders.internal:8443/a' }), undefined)
    assert.equal(await reasonOf({ imageUrl: METADATA }), 'url')
  })
})

const parameters: [
  name: string,
  place: 'path' | 'query' | 'header',
  key: string,
  value: unknown,
  pointer: string | undefined,
][] = [
  ['lets a public URL pass', 'path', 'where', PUBLIC, undefined],
  ['refuses a path value inside', 'path', 'where', METADATA, 'path/where'],
  ['refuses in a list of the query', 'query', 'page', [PUBLIC, METADATA], 'query/page/1'],
  ['refuses what only its name says', 'query', 'callback', METADATA, 'query/callback'],
  ['refuses in a header', 'header', 'x-hook', METADATA, 'header/X-Hook'],
  ['lets a name pass that is no URL', 'query', 'callback', 'render', undefined],
]

suite('url-fields in parameters', () => {
  for (const [name, place, key, value, pointer] of parameters) {
    test(name, async () => {
      const exchange = exchangeOf()
      const blank = { path: {}, query: {}, header: {}, cookie: {} }
      exchange.parameters = { ...blank, [place]: { [key]: value } }
      const refusal = await new Bench({ document: DOCUMENT })
        .guard(urlFields, 'fetch')
        .request(exchange)
      assertRefused(
        refusal,
        pointer === undefined ? undefined : 'url_parameter',
        pointer === undefined ? undefined : 400,
      )
      assert.equal(refusal?.denial.errors?.[0]?.pointer, pointer)
    })
  }

  test('looks at nothing where nobody read the parameters', async () => {
    const guard = new Bench({ document: DOCUMENT }).guard(urlFields, 'fetch')
    assertRefused(
      await guard.request(exchangeOf({ target: '/?callback=http://127.0.0.1' })),
      undefined,
    )
  })
})

test('holds no body that streams, and nothing where nothing can stand', () => {
  const bench = new Bench({ document: DOCUMENT })
  assert.equal(bench.guard(urlFields, 'file').guard, undefined)
  assert.equal(bench.guard(urlFields, 'empty').guard, undefined)
  assert.equal(bench.guard(urlFields).guard, undefined)
  assert.equal(bench.guard(urlFields, 'hook', { validate: { request: 'off' } }).guard, undefined)
})

test('every reason is reached', () => {
  assertEveryReason(urlFields, ['url', 'url_parameter'])
})

/** Texts that may lead inside, and such as only look a little like it. */
const LEADING = [
  'http://169.254.169.254/latest',
  'HTTP://127.0.0.1',
  '//10.0.0.1/a',
  '\\\\10.0.0.1\\a',
  '/\\10.0.0.1',
  ' \thttp://127.0.0.1/',
  '\u00a0http://127.0.0.1/',
  'gopher://x',
  'a.b-c+d:e',
  '/images/a.png',
  '12:30',
  'ünder:x',
  'plain words: more',
  'file:/etc/passwd',
  'https://hooks.shop-example.com',
]

const PLAIN_DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Notes', version: '1' },
  paths: {
    '/lists': {
      post: { operationId: 'list', ...body('application/json', { type: 'object' }), ...ok },
    },
    '/notes': {
      post: {
        operationId: 'note',
        ...body('application/json', { type: 'object', properties: { imageUrl: text, note: text } }),
        ...ok,
      },
    },
  },
}

test('a body that was only seen to fit is judged like the value it is', async () => {
  const bench = new Bench({ document: PLAIN_DOCUMENT })
  const [reading, judging] = [bench.guard(bodyControl, 'note'), bench.guard(urlFields, 'note')]
  const spelt = fc
    .tuple(fc.constantFrom(...LEADING), fc.boolean(), fc.nat(40))
    .map(([text, isEscaped, at]) => {
      const json = JSON.stringify(text)
      const place = 1 + (at % Math.max(1, text.length))
      const unit = json.charCodeAt(place)
      const isPlainUnit = unit > 0x20 && unit !== 0x22 && unit !== 0x5c && json[place - 1] !== '\\'
      if (!isEscaped || !isPlainUnit || place >= json.length - 1) return json
      return `${json.slice(0, place)}\\u${unit.toString(16).padStart(4, '0')}${json.slice(place + 1)}`
    })
  let held = 0
  await fc.assert(
    fc.asyncProperty(spelt, fc.constantFrom('imageUrl', 'note'), async (value, name) => {
      const text = `{"${name}":${value}}`
      if (!isJsonText(text)) return
      const seen = exchangeOf({
        method: 'POST',
        headers: ['Content-Type', 'application/json'],
        hasBody: true,
      })
      const plain = exchangeOf({ method: 'POST', hasBody: true })
      assert.equal(await reading.body(seen, text), undefined)
      plain.body = JSON.parse(text)
      if (seen.leadingTexts?.count === 0) held += 1
      const [found, expected] = [await judging.body(seen, text), await judging.body(plain, text)]
      assert.equal(found?.denial.detail, expected?.denial.detail, text)
      assert.deepEqual(seen.body, plain.body)
    }),
    { numRuns: 500 },
  )
  assert.ok(held > 20, `only ${held} bodies were without a URL`)
})

const DECLARED = {
  closed: {
    properties: { link: uri, links: { type: 'array', items: uri }, imageUrl: text, note: text },
  },
  // The same name stands for another text elsewhere.
  twice: {
    properties: {
      link: uri,
      note: text,
      child: { properties: { link: text }, additionalProperties: false },
    },
  },
  // Texts in a list stand under the name of the list.
  loose: { properties: { link: { format: 'uri' }, note: text } },
  listed: { properties: { link: { type: ['array', 'string'], items: uri }, note: text } },
  open: {
    properties: { link: uri, note: text },
    additionalProperties: { type: ['string', 'object'] },
  },
  spoken: { properties: { link: { type: 'string', format: 'url' }, links: uri, note: text } },
  back: { properties: { link: uri, redirect_uri: uri, note: text } },
  optional: { properties: { link: { anyOf: [uri, { type: 'null' }] }, note: text } },
  // A list of the second branch holds any texts.
  branched: {
    properties: { link: { anyOf: [uri, { type: 'array', items: text }] }, note: text },
  },
  either: {
    properties: {
      link: uri,
      child: { oneOf: [kindOf('a', { link: uri }), kindOf('b', { link: text })] },
    },
  },
}

function kindOf(kind: string, properties: object): object {
  return {
    type: 'object',
    additionalProperties: false,
    properties: { kind: { const: kind }, ...properties },
  }
}

const DECLARED_DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Links', version: '1' },
  paths: Object.fromEntries(
    Object.entries(DECLARED).map(([operationId, schema]) => {
      const post = {
        operationId,
        ...body('application/json', { type: 'object', additionalProperties: false, ...schema }),
        ...ok,
      }
      return [`/${operationId}`, { post }]
    }),
  ),
}

/** Texts of which only the first few are public URLs. */
const LINKS = [
  PUBLIC,
  'https://shop-example.com',
  'https://xn--bcher-kva.ch/',
  ...LEADING,
  'http://shop-example.com/',
]

suite('declared URLs in a body that was only seen to fit are judged like those of a value', () => {
  const link = fc.oneof(
    { weight: 3, arbitrary: fc.constant(PUBLIC) },
    { weight: 1, arbitrary: fc.constantFrom(...LINKS) },
  )
  const links = fc.array(link, { maxLength: 3 })
  const values = new Map<string, fc.Arbitrary<unknown>>([
    ['links', links],
    ['child', fc.record({ kind: fc.constantFrom('a', 'b'), link }, { requiredKeys: ['link'] })],
    ['other', fc.oneof(link, fc.record({ link }, { requiredKeys: [] }))],
  ])
  /** Mostly such as fit. */
  const bodyOf = ({ properties }: { readonly properties: object }): fc.Arbitrary<object> => {
    const names = [...Object.keys(properties), 'other']
    const ofName = (name: string): fc.Arbitrary<unknown> =>
      values.get(name) ?? (name === 'link' ? fc.oneof(link, link, links) : link)
    return fc
      .subarray(names, { minLength: 1, maxLength: 3 })
      .chain((chosen) => fc.record(Object.fromEntries(chosen.map((name) => [name, ofName(name)]))))
  }
  for (const urlHosts of [[], ['hooks.shop-example.com']])
    for (const [operation, schema] of Object.entries(DECLARED))
      test(`${operation}${urlHosts.length > 0 ? ' with a list of hosts' : ''}`, async () => {
        const bench = new Bench({ document: DECLARED_DOCUMENT, policy: { validate: { urlHosts } } })
        const [reading, judging] = [
          bench.guard(bodyControl, operation),
          bench.guard(urlFields, operation),
        ]
        let held = 0
        await fc.assert(
          fc.asyncProperty(bodyOf(schema), async (value) => {
            const sent = JSON.stringify(value)
            const headers = ['Content-Type', 'application/json']
            const seen = exchangeOf({ method: 'POST', headers, hasBody: true })
            if ((await reading.body(seen, sent)) !== undefined) return
            const plain = exchangeOf({ method: 'POST', hasBody: true })
            plain.body = value
            if (seen.areUrlsTold && 'link' in value) held += 1
            const [found, expected] = [
              await judging.body(seen, sent),
              await judging.body(plain, sent),
            ]
            assert.equal(found?.denial.detail, expected?.denial.detail, sent)
          }),
          { numRuns: 600 },
        )
        assert.ok(operation === 'spoken' || held > 5, `only ${held} bodies were seen to fit`)
      })
})

suite('a body of many URLs', () => {
  const bench = new Bench({ document: PLAIN_DOCUMENT })
  const [reading, judging] = [bench.guard(bodyControl, 'list'), bench.guard(urlFields, 'list')]

  /** What is said of such a list, and how often others had their turn meanwhile. */
  async function judged(
    urls: readonly string[],
    isRead: boolean,
  ): Promise<[string | undefined, number]> {
    const text = JSON.stringify({ images: [{ a: 1 }, urls] })
    const headers = ['Content-Type', 'application/json']
    const exchange = exchangeOf({ method: 'POST', headers, hasBody: true })
    if (isRead) assert.equal(await reading.body(exchange, text), undefined)
    else exchange.body = JSON.parse(text)
    let turns = 0
    let isOver = false
    const turn = (): void => {
      turns += 1
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    const found = await judging.body(exchange, text)
    isOver = true
    return [found?.denial.detail, turns]
  }

  // The scan tells of each of the latter; of the former, only of hosts that did not come before.
  const odd = Array.from({ length: 4000 }, (_, n) =>
    n % 2 === 0 ? `http://ü${n % 120}.example/${n}` : `http://a${n}.xn--bcher-kva.example/`,
  )
  for (const isRead of [true, false]) {
    const of = isRead ? 'by its text' : 'by its value'
    test(`is judged in turns, ${of}`, async () => {
      const [detail, turns] = await judged(odd, isRead)
      assert.equal(detail, undefined)
      assert.ok(turns > 2, `only ${turns} turns`)
    })

    test(`is refused for the last of them, ${of}`, async () => {
      const [detail] = await judged([...odd, 'http://127.0.0.1'], isRead)
      assert.equal(detail, '/images/1/4000 ip_literal')
    })

    test(`may not name many hosts oddly, ${of}`, async () => {
      const hosts = Array.from({ length: 300 }, (_, n) => `http://ü${n}.example`)
      assert.deepEqual((await judged(hosts, isRead))[0], '/images/1/128 too_many_hosts')
    })
  }
})

for (const isRead of [true, false])
  test(`declared URLs may not name many hosts oddly, by ${isRead ? 'text' : 'value'}`, async () => {
    const bench = new Bench({ document: DECLARED_DOCUMENT })
    const [reading, judging] = [
      bench.guard(bodyControl, 'closed'),
      bench.guard(urlFields, 'closed'),
    ]
    const say = async (count: number): Promise<string | undefined> => {
      const links = Array.from({ length: count }, (_, n) => `https://xn--${n}-0ga.ch/a`)
      const text = JSON.stringify({ links })
      const headers = ['Content-Type', 'application/json']
      const exchange = exchangeOf({ method: 'POST', headers, hasBody: true })
      if (isRead) assert.equal(await reading.body(exchange, text), undefined)
      else exchange.body = JSON.parse(text)
      assert.equal(exchange.areUrlsTold, isRead)
      return (await judging.body(exchange, text))?.denial.detail
    }
    assert.equal(await say(128), undefined)
    assert.equal(await say(129), '/links/128 too_many_hosts')
  })

const TAILS = [
  '',
  'a',
  'ü9.example/',
  '10.0.0.1',
  '@10.0.0.1/',
  '/10.0.0.1',
  '\\u002f',
  '.internal/',
]
/** A few JSON strings that begin alike and may lead to different places. */
const alike = fc
  .tuple(
    fc.constantFrom('http:', 'HTTP:', 'https:', 'http', '', 'ftp:'),
    fc.constantFrom('//', '//', '//', '///', '/', '\\/\\/', '//\\u002f', '\\\\\\\\'),
    fc.constantFrom('ü1.example', 'ü2.example', 'u@ü1.example', '10.0.0.1', 'ü1', '', '', 'a.b1'),
    fc.constantFrom(
      '/',
      '/',
      '?',
      '#',
      '',
      '.',
      ':80/',
      ' ',
      '\u2003',
      '\\/',
      '\\\\',
      '\\u0040',
      '@',
    ),
    fc.array(fc.constantFrom(...TAILS), { minLength: 1, maxLength: 3 }),
  )
  .map(([scheme, slashes, host, end, tails]) =>
    tails.map((tail) => `"${scheme}${slashes}${host}${end}${tail}"`).join(),
  )

test('texts that the scan does not tell of again are judged like those before', async () => {
  const bench = new Bench({ document: PLAIN_DOCUMENT })
  const [reading, judging] = [bench.guard(bodyControl, 'list'), bench.guard(urlFields, 'list')]
  const before = Array.from({ length: 20 }, (_, n) => `"http://ö${n}.example"`).join()
  const members = fc.array(alike, { minLength: 1, maxLength: 4 })
  // Of these only the last is a name of URLs.
  const names = ['notes', 'iconset', 'icons']
  const seen = { passed: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(members, async (lists) => {
      const objects = names.map((name) => `{"${name}":[${lists.join()}]}`)
      const text = `{"images":[${before}],"a":[${objects.join()}]}`
      const exchange = exchangeOf({
        method: 'POST',
        headers: ['Content-Type', 'application/json'],
        hasBody: true,
      })
      assert.equal(await reading.body(exchange, text), undefined)
      const plain = exchangeOf({ method: 'POST', hasBody: true })
      plain.body = JSON.parse(text)
      const [found, expected] = [
        await judging.body(exchange, text),
        await judging.body(plain, text),
      ]
      assert.equal(found?.denial.detail, expected?.denial.detail, text)
      seen[expected === undefined ? 'passed' : 'refused'] += 1
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 2000) },
  )
  assert.ok(seen.passed > 100 && seen.refused > 100, JSON.stringify(seen))
})

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    // The escape landed inside of another one.
    return false
  }
}
