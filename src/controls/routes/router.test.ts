import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { Router } from './router.ts'

type Row = [
  name: string,
  templates: readonly string[],
  path: string,
  template: string | undefined,
  values?: readonly string[],
]

const ROWS: readonly Row[] = [
  ['finds a static path', ['/a/b'], '/a/b', '/a/b', []],
  ['finds the root', ['/'], '/', '/', []],
  ['finds nothing where nothing is', [], '/a', undefined],
  ['does not find a longer path', ['/a'], '/a/b', undefined],
  ['does not find a shorter path', ['/a/b'], '/a', undefined],
  ['tells a trailing slash from none', ['/a'], '/a/', undefined],
  ['tells cases apart', ['/a'], '/A', undefined],
  ['fills a parameter', ['/a/{x}'], '/a/7', '/a/{x}', ['7']],
  ['fills a parameter with its raw value', ['/a/{x}'], '/a/%C3%A9', '/a/{x}', ['%C3%A9']],
  ['fills no parameter with nothing', ['/a/{x}'], '/a/', undefined],
  ['fills a parameter with one segment only', ['/a/{x}'], '/a/b/c', undefined],
  ['prefers static over parameter', ['/a/{x}', '/a/me'], '/a/me', '/a/me', []],
  ['prefers mixed over parameter', ['/a/{x}', '/a/{x}:go'], '/a/7:go', '/a/{x}:go', ['7']],
  ['prefers static over mixed', ['/a/{x}:go', '/a/7:go'], '/a/7:go', '/a/7:go', []],
  [
    'prefers the mixed one with more fixed',
    ['/{n}.{e}', '/{n}.json'],
    '/a.json',
    '/{n}.json',
    ['a'],
  ],
  ['comes back from a static dead end', ['/a/b/c', '/{x}/b/d'], '/a/b/d', '/{x}/b/d', ['a']],
  ['comes back from a mixed dead end', ['/{x}.y/c', '/{x}/d'], '/a.y/d', '/{x}/d', ['a.y']],
  ['reads two variables of a segment', ['/{a}-{b}'], '/1-2-3', '/{a}-{b}', ['1', '2-3']],
  ['takes at least a character each', ['/{a}-{b}'], '/--x', '/{a}-{b}', ['-', 'x']],
  ['finds no empty variable', ['/{a}-{b}'], '/-x', undefined],
  ['finds no empty last variable', ['/{a}-{b}'], '/x-', undefined],
  ['does not let literals overlap', ['/ab{x}ba'], '/aba', undefined],
  ['reads adjacent variables', ['/{a}{b}'], '/xyz', '/{a}{b}', ['x', 'yz']],
  ['needs a character for each adjacent variable', ['/{a}{b}'], '/x', undefined],
  ['keeps a middle literal before the last', ['/{a}b{c}bd'], '/xbd', undefined],
  ['does not take names of objects for paths', ['/a'], '/__proto__', undefined],
]

function routerOf(templates: readonly string[]): Router<string> {
  const router = new Router<string>()
  for (const template of templates) router.add('GET', template, template)
  return router
}

suite('Router', () => {
  for (const [name, templates, path, template, values] of ROWS) {
    test(name, () => {
      const match = routerOf(templates).match(path)
      assert.equal(match?.entry.template, template)
      assert.deepEqual(match?.values, values)
    })
  }

  test('answers with the template that holds the place already', () => {
    const router = new Router<number>()
    assert.equal(router.add('GET', '/a/{x}', 1), undefined)
    assert.equal(router.add('GET', '/a/{y}', 2), '/a/{x}')
    assert.equal(router.add('POST', '/a/{y}', 3), undefined)
    assert.equal(router.add('GET', '/a/{y}.{z}', 4), undefined)
    assert.equal(router.add('GET', '/a/{p}.{q}', 5), '/a/{y}.{z}')
  })

  test('agrees with a slow matcher', () => {
    const property = fc.property(fc.array(TEMPLATE, { maxLength: 8 }), PATH, (templates, path) => {
      const unique = templates.filter(
        (one, index) => templates.findIndex((other) => shapeOf(other) === shapeOf(one)) === index,
      )
      assert.equal(routerOf(unique).match(path)?.entry.template, slowMatch(unique, path))
    })
    fc.assert(property, { numRuns: 3000 })
  })

  test('gives back values that make the path again', () => {
    const property = fc.property(TEMPLATE, PATH, (template, path) => {
      const match = routerOf([template]).match(path)
      if (match === undefined) return
      let index = 0
      assert.equal(
        template.replaceAll(VARIABLE, () => match.values[index++] ?? '?'),
        path,
      )
      assert.equal(index, match.values.length)
    })
    fc.assert(property, { numRuns: 2000 })
  })

  test('comes to an end on hostile paths', () => {
    const depth = 20
    const templates = Array.from({ length: 200 }, (_, index) =>
      Array.from({ length: depth }, (_, at) =>
        ((index >> (at % 8)) & 1) === 1 ? '/{x}' : at % 2 === 0 ? '/a' : '/{y}a{z}',
      ).join(''),
    )
    const router = routerOf([...new Set(templates)])
    const start = performance.now()
    for (const path of [
      '/a'.repeat(depth + 1),
      '/aaa'.repeat(depth),
      `${'/a'.repeat(depth - 1)}/${'a'.repeat(8000)}`,
      '/'.repeat(8000),
    ])
      router.match(path)
    assert.ok(performance.now() - start < 5000)
  })
})

const VARIABLE = /\{[^{}]+\}/g
const SEGMENT = fc.constantFrom(
  'a',
  'b',
  'ab',
  '{x}',
  '{x}a',
  'a{x}',
  '{x}a{y}',
  '{x}b{y}a',
  '{x}{y}',
  '',
)
const TEMPLATE = fc.array(SEGMENT, { minLength: 1, maxLength: 3 }).map((all) => `/${all.join('/')}`)
const PATH = fc
  .array(fc.string({ unit: fc.constantFrom('a', 'b', '{', '%', '.'), maxLength: 4 }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((all) => `/${all.join('/')}`)

/** Templates of one shape match the same paths. */
function shapeOf(template: string): string {
  return template.replaceAll(VARIABLE, '{}')
}

/** Every template as a regular expression; of those that match, the first in the order of the rules. */
function slowMatch(templates: readonly string[], path: string): string | undefined {
  const fitting = templates.filter((template) => {
    const source = template
      .split(/(\{[^{}]+\})/)
      .map((piece) => (piece.startsWith('{') ? '[^/]+' : RegExp.escape(piece)))
      .join('')
    return new RegExp(`^${source}$`).test(path)
  })
  const keys = (template: string): number[] =>
    template
      .split('/')
      .slice(1)
      .flatMap((segment, at) => [rankOf(segment), firstWith(templates, template, at + 2)])
  return fitting.toSorted((a, b) => compare(keys(a), keys(b)))[0]
}

/** Equals among mixed segments stand in the order of the document: where the template's beginning came first. */
function firstWith(templates: readonly string[], template: string, segments: number): number {
  const beginning = (text: string): string => shapeOf(text).split('/', segments).join('/')
  return templates.findIndex((other) => beginning(other) === beginning(template))
}

/** Static, then mixed by literal characters, then whole parameters. */
function rankOf(segment: string): number {
  if (!segment.includes('{')) return 0
  const fixed = segment.replaceAll(VARIABLE, '').length
  return segment.match(VARIABLE)?.[0] === segment ? 1000 : 100 - fixed
}

function compare(left: readonly number[], right: readonly number[]): number {
  const at = left.findIndex((rank, index) => rank !== right[index])
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0)
}
