import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { JSON_LIMITS } from '../../http/json-limits.ts'
import { parseMediaType } from '../../http/media-type.ts'
import { acceptorOf } from '../accept/acceptors.ts'
import { compileMultipart } from './multipart.ts'
import type { MultipartDecoder, MultipartResult } from './multipart.ts'
import { isDeepStrictEqual } from 'node:util'
import { testOperation } from './test-operation.ts'

const BOUNDARY: ReadonlyMap<string, string> = new Map([['boundary', 'b']])

const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer' },
    meta: { type: 'object', properties: { a: { type: 'integer' } } },
    photo: { type: 'string', format: 'binary' },
    photos: { type: 'array', items: { type: 'string', format: 'binary' } },
  },
}

/** As above, with others beside them. */
const OPEN_SCHEMA = {
  ...SCHEMA,
  properties: { ...SCHEMA.properties, list: { type: 'array', items: { type: 'string' } } },
  additionalProperties: true,
}

function decoder(encoding: object = {}): MultipartDecoder {
  const { operation, deps } = testOperation({
    requestBody: { content: { 'multipart/form-data': { schema: SCHEMA, encoding } } },
  })
  const [mediaType] = operation.requestBody?.content ?? []
  assert.ok(mediaType !== undefined)
  return compileMultipart(mediaType, deps)
}

function body(...parts: readonly (readonly [head: string, content: string])[]): string {
  return `${parts.map(([head, content]) => `--b\r\n${head}\r\n\r\n${content}\r\n`).join('')}--b--\r\n`
}

const field = (name: string, more = ''): string =>
  `Content-Disposition: form-data; name="${name}"${more}`
const PNG = '\x89PNG\r\n\x1a\n...'
const png = (name: string, file = 'a.png'): [string, string] => [
  `${field(name, `; filename="${file}"`)}\r\nContent-Type: image/png`,
  PNG,
]

async function outcome(text: string, encoding?: object, boundary = 'b'): Promise<unknown> {
  const result = await decoder(encoding)(
    Buffer.from(text, 'latin1'),
    new Map([['boundary', boundary]]),
  )
  return shown(result)
}

function shown(result: MultipartResult): unknown {
  if ('fault' in result) return `${result.fault.keyword} ${result.fault.pointer}`
  return JSON.parse(JSON.stringify('read' in result ? result.read() : result.value))
}

const zeros = (count: number): number[] => Array.from({ length: count }, () => 0)
const jsonPart = (name: string, count: number): [string, string] => [
  `${field(name)}\r\nContent-Type: application/json`,
  JSON.stringify(zeros(count)),
]

suite('multipart bodies', () => {
  const cases: [name: string, text: string, expected: unknown, encoding?: object][] = [
    [
      'reads fields by their types',
      body([field('name'), 'A b'], [field('age'), '5']),
      { name: 'A b', age: 5 },
    ],
    ['reads an empty part', body([field('name'), '']), { name: '' }],
    ['reads a file as bytes', body(png('photo')), { photo: PNG }],
    [
      'reads several files as a list',
      body(png('photos'), png('photos', 'b.png')),
      { photos: [PNG, PNG] },
    ],
    ['reads one file as a list', body(png('photos')), { photos: [PNG] }],
    [
      'reads a JSON part',
      body([`${field('meta')}\r\nContent-Type: application/json`, '{"a":1}']),
      { meta: { a: 1 } },
    ],
    ['reads JSON text of an object', body([field('meta'), '{"a":1}']), { meta: { a: 1 } }],
    [
      'keeps an unknown part for the validator to refuse',
      body([field('isAdmin'), 'true']),
      { isAdmin: 'true' },
    ],
    [
      'takes the empty file of an empty form field',
      body([`${field('photo', '; filename=""')}\r\nContent-Type: application/octet-stream`, '']),
      { photo: '' },
    ],
    [
      'refuses broken JSON',
      body([`${field('meta')}\r\nContent-Type: application/json`, '{']),
      'json /meta',
    ],
    [
      'refuses an integer in JSON that would change',
      body([`${field('meta')}\r\nContent-Type: application/json`, '{"a":9007199254740993}']),
      'json /meta',
    ],
    [
      'refuses JSON that is no UTF-8',
      body([`${field('x')}\r\nContent-Type: application/json`, '"\xff"']),
      'encoding /x',
    ],
    [
      'takes as many values of JSON as one text may hold',
      body(...['x', 'y'].map((name) => jsonPart(name, 4_998))),
      { x: zeros(4_998), y: zeros(4_998) },
    ],
    [
      'refuses more values of JSON in all, in however many parts',
      body(...['x', 'y'].map((name) => jsonPart(name, 5_000))),
      'json /y',
    ],
    ['refuses a number of another spelling', body([field('age'), '5 ']), 'type /age'],
    [
      'refuses a part that comes twice',
      body([field('age'), '5'], [field('age'), '6']),
      'duplicate /age',
    ],
    [
      'refuses a file that is not what it says',
      body([`${field('photo', '; filename="a.png"')}\r\nContent-Type: image/png`, 'MZ...']),
      'fileType /photo',
    ],
    [
      'refuses a program that says it is text',
      body([`${field('photo', '; filename="a.txt"')}\r\nContent-Type: text/plain`, 'MZ...']),
      'fileType /photo',
    ],
    ['refuses a file name with a path', body(png('photo', '../a.png')), 'fileName /photo'],
    ['refuses a file name with a backslash', body(png('photo', 'c:\\\\a.png')), 'fileName /photo'],
    [
      'refuses a file whose name says another type than is declared',
      body(png('photo', 'a.php')),
      'fileName /photo',
      { photo: { contentType: 'image/png' } },
    ],
    ['takes any name where no type is declared', body(png('photo', 'a.php')), { photo: PNG }],
    ['refuses a hidden file', body(png('photo', '.htaccess')), 'fileName /photo'],
    [
      'refuses a type that encoding does not declare',
      body(png('photo')),
      'contentType /photo',
      { photo: { contentType: 'image/jpeg, image/gif' } },
    ],
    [
      'takes a type that encoding declares',
      body(png('photo')),
      { photo: PNG },
      { photo: { contentType: 'image/*' } },
    ],
    [
      'refuses nested multipart',
      body([`${field('name')}\r\nContent-Type: multipart/mixed; boundary=c`, '']),
      'multipart ',
    ],
    [
      'refuses a transfer encoding',
      body([`${field('name')}\r\nContent-Transfer-Encoding: base64`, 'QQ==']),
      'multipart ',
    ],
    [
      'refuses two dispositions',
      body([`${field('name')}\r\n${field('isAdmin')}`, 'x']),
      'multipart ',
    ],
    [
      'refuses a part in a charset that the API may read otherwise',
      body([`${field('name')}\r\nContent-Type: text/plain; charset=utf-16`, 'x']),
      'multipart ',
    ],
    [
      'refuses a JSON file in such a charset',
      body([
        `${field('meta', '; filename="a.json"')}\r\nContent-Type: application/json; charset=utf-7`,
        '{"a":1}',
      ]),
      'multipart ',
    ],
    [
      'refuses a part whose type is malformed',
      body([`${field('name')}\r\nContent-Type: text/plain, application/json`, 'x']),
      'multipart ',
    ],
    [
      'takes a part that says UTF-8',
      body([`${field('name')}\r\nContent-Type: text/plain;charset=UTF-8`, 'x']),
      { name: 'x' },
    ],
    [
      'takes a text file in another charset',
      body([
        `${field('photo', '; filename="a.csv"')}\r\nContent-Type: text/csv; charset=iso-8859-1`,
        '\xe9',
      ]),
      { photo: '\xe9' },
    ],
    [
      'refuses names that only some parsers see',
      body([`Content-Disposition: form-data; name="name", name="isAdmin"`, 'x']),
      'multipart ',
    ],
    [
      'refuses stray words between names',
      body([`Content-Disposition: form-data; x; name="name"`, 'x']),
      'multipart ',
    ],
    ['refuses two names', body([field('name', '; name="isAdmin"'), 'x']), 'multipart '],
    [
      'refuses an extended file name',
      body([field('photo', "; filename*=utf-8''a.png"), 'x']),
      'multipart ',
    ],
    ['refuses a part without a name', body(['Content-Disposition: form-data', 'x']), 'multipart '],
    ['refuses a part without a head', '--b\r\n\r\nx\r\n--b--', 'multipart '],
    ['refuses text before the first part', `x\r\n${body([field('name'), 'x'])}`, 'multipart '],
    ['refuses text after the last part', `${body([field('name'), 'x'])}x`, 'multipart '],
    ['refuses a body that is cut', body([field('name'), 'x']).slice(0, -8), 'multipart '],
    ['refuses a body without parts', '--b--\r\n', 'multipart '],
    [
      'refuses a name that reaches into prototypes',
      body([field('__proto__'), 'x']),
      'name /__proto__',
    ],
    ['takes 20 parts', body(...Array(20).fill(png('photos'))), { photos: Array(20).fill(PNG) }],
    ['refuses 21 parts', body(...Array(21).fill(png('photos'))), 'maxParts '],
    ['refuses text that is no UTF-8', body([field('name'), '\xff']), 'encoding /name'],
  ]
  for (const [name, text, expected, encoding] of cases) {
    test(name, async () => assert.deepEqual(await outcome(text, encoding), expected))
  }

  test('refuses a boundary that RFC 2046 does not allow', async () => {
    for (const boundary of ['', 'x'.repeat(71), 'a"b', 'a\\b', 'b ']) {
      const text = body([field('name'), 'x']).replaceAll('--b', `--${boundary}`)
      assert.equal(await outcome(text, {}, boundary), 'multipart ')
    }
    assert.deepEqual(await decoder()(Buffer.from(body([field('name'), 'x'])), new Map()), {
      fault: { keyword: 'multipart', pointer: '', message: 'has no valid boundary' },
    })
  })

  test('refuses a second boundary in extended notation', async () => {
    const parameters = new Map([...BOUNDARY, ['boundary*', "utf-8''c"]])
    const found = await decoder()(Buffer.from(body([field('name'), 'x'])), parameters)
    assert.ok('fault' in found)
  })

  test('names the parts with their types and sizes', async () => {
    const result = await decoder()(Buffer.from(body(png('photo')), 'latin1'), BOUNDARY)
    assert.ok('parts' in result)
    const [part] = result.parts
    assert.deepEqual(
      [part?.fileName, part?.contentType, part?.bytes.length],
      ['a.png', 'image/png', PNG.length],
    )
  })

  test('reads what FormData writes, whatever the bytes', async () => {
    const decode = decoder()
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5_000 }),
        fc.string({ unit: 'grapheme' }),
        async (bytes, name) => {
          const form = new FormData()
          form.set('photo', new Blob([bytes]), 'data.bin')
          form.set('name', name)
          const request = new Request('http://localhost/', { method: 'POST', body: form })
          const type = parseMediaType(request.headers.get('content-type') ?? '')
          const result = await decode(
            Buffer.from(await request.arrayBuffer()),
            type?.parameters ?? new Map(),
          )
          assert.ok('value' in result, JSON.stringify(result))
          const value = result.value as { photo: string; name: string }
          assert.deepEqual(Buffer.from(value.photo, 'latin1'), Buffer.from(bytes))
          assert.equal(value.name, name.replace(/\r\n|\r|\n/g, '\r\n'))
        },
      ),
      { numRuns: 50 },
    )
  })

  test('ends and never rejects, whatever the bytes', async () => {
    const decode = decoder()
    const piece = fc.constantFrom(
      '--b',
      '--',
      '\r\n',
      '\r\n\r\n',
      field('name'),
      field('photo', '; filename="x"'),
      'x',
      '"',
      ';',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        const result = await decode(Buffer.from(`--b\r\n${pieces.join('')}`), BOUNDARY)
        assert.ok('value' in result || ('fault' in result && result.fault.keyword !== ''))
      }),
      { numRuns: 500 },
    )
  })

  test('reads plain heads as the parser does', async () => {
    const decode = decoder()
    const name = fc.stringMatching(/^[\w .[\]-]{1,8}$/)
    const type = fc.constantFrom('', 'text/plain', 'image/PNG', 'application/x.y+z', 'multipart/x')
    const content = fc
      .array(fc.constantFrom('\r\n', '\r', '\n', '-', '--', '--b', 'b', 'x', '\0', 'é', '5'), {
        maxLength: 12,
      })
      .map((pieces) => pieces.join(''))
    const part = fc
      .tuple(name, fc.option(fc.stringMatching(/^[\w .-]{1,12}$/)), type, content)
      .map(([key, file, media, text]) => ({
        head: `${field(key, file === null ? '' : `; filename="${file}"`)}${media === '' ? '' : `\r\nContent-Type: ${media}`}`,
        text,
      }))
    let plain = 0
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 3 }), async (parts) => {
        // A field of another name makes the parser read the whole body.
        const [found, expected] = await Promise.all(
          ['', '\r\nX-Other: a'].map((more) => {
            const all = parts.map(({ head, text }): [string, string] => [head + more, text])
            return decode(Buffer.from(body(...all)), BOUNDARY)
          }),
        )
        assert.deepEqual(found, expected)
        if (found !== undefined && 'value' in found) plain += 1
      }),
      { numRuns: 2000 },
    )
    assert.ok(plain > 100, `only ${plain} bodies were read`)
  })

  suite('that surely fit', () => {
    const { operation, deps, compiler } = testOperation({
      requestBody: { content: { 'multipart/form-data': { schema: OPEN_SCHEMA } } },
    })
    const [mediaType] = operation.requestBody?.content ?? []
    assert.ok(mediaType?.schema !== undefined)
    const accept = acceptorOf(compiler, mediaType.schema, JSON_LIMITS)
    const decode = compileMultipart(mediaType, deps, accept)
    const plain = compileMultipart(mediaType, deps)
    const validate = compiler.validator(mediaType.schema)

    test('are not made values of', async () => {
      const text = body(
        [`${field('meta')}\r\nContent-Type: application/json`, '{"a":1}'],
        [`${field('x')}\r\nContent-Type: application/json`, '[{"b":"c"}]'],
        [field('age'), '5'],
      )
      const result = await decode(Buffer.from(text), BOUNDARY)
      assert.ok('read' in result && result.leading.count === 0)
      assert.deepEqual(shown(result), { meta: { a: 1 }, x: [{ b: 'c' }], age: 5 })
    })

    test('fit to their twins as well', async () => {
      const type = fc.constantFrom('', '\r\nContent-Type: application/json')
      const name = fc.constantFrom('name', 'age', 'meta', 'list', 'x', 'y', 'z"', '__proto__')
      const content = fc.oneof(
        fc.json(),
        fc.constantFrom(
          '{"a":1}',
          '{"a":"b"}',
          '[]',
          '5',
          '5.5',
          'a b',
          'é',
          'x:',
          '//y',
          '\xff',
          '["//y"]',
          '{"\\u0061":[["http://y"]]}',
        ),
        fc.constantFrom('{"b":1,"b":2}', '"http://a"', '{"b":9007199254740993}', '1e300'),
      )
      const part = fc
        .tuple(name, type, content)
        .map(([key, more, text]): [string, string] => [field(key.replace('"', '\\"')) + more, text])
      let accepted = 0
      let leading = 0
      await fc.assert(
        fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 3 }), async (parts) => {
          const bytes = Buffer.from(body(...parts))
          const [found, expected] = [await decode(bytes, BOUNDARY), await plain(bytes, BOUNDARY)]
          assert.deepEqual(shown(found), shown(expected))
          if (!('read' in found)) return
          accepted += 1
          const value = found.read()
          assert.equal(validate(value), undefined)
          const told: [string, string][] = []
          const texts = found.leading.cursor(() => true)
          while (texts.next()) told.push([texts.name, texts.text])
          const inside = namedTexts(value).filter(([, one]) => /^(?:https?:)?\/\/[^.]*$/.test(one))
          for (const one of inside)
            assert.deepEqual(
              told.find((other) => isDeepStrictEqual(other, one)),
              one,
            )
          for (const [one] of told)
            assert.ok(
              namedTexts(value).some(([other]) => other === one),
              one,
            )
          leading += told.length
        }),
        { numRuns: 2000 },
      )
      assert.ok(accepted > 100, `only ${accepted} bodies were accepted`)
      assert.ok(leading > 20, `only ${leading} texts lead inside`)
    })
  })
})

/** Each string with the name it stands under. */
function namedTexts(value: unknown, name = ''): [name: string, text: string][] {
  if (typeof value === 'string') return [[name, value]]
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap((item) => namedTexts(item, name))
  return Object.entries(value).flatMap(([key, member]) => namedTexts(member, key))
}
