import * as fc from 'fast-check'

/** Names that schemas and texts share: short, of 8, 15, 16, 17 and more bytes, not ASCII, odd. */
const NAMES: readonly string[] = [
  'a',
  'id',
  'password',
  'b',
  'exactlyeightee15',
  'fifteen-letters',
  'seventeen-letters',
  'a-name-of-more-than-sixteen-bytes',
  'a-name-0f-more-than-sixteen-bytes',
  'größe',
  '名前',
  '__proto__',
  'constructor',
  '',
  'a/b~c',
  // Under which errors are told, and nearly.
  'lastError',
  'errs',
  'erratic',
  'STACK-of-more-than-sixteen',
  'message',
  'messages',
  'a|b',
]
const name: fc.Arbitrary<string> = fc.constantFrom(...NAMES)

type Json = fc.Arbitrary<unknown>

const ref: Json = fc
  .constantFrom('A', 'B', 'C')
  .map((to) => ({ $ref: `#/components/schemas/${to}` }))

/** A schema that may refer to `A`, `B` and `C`; `chooses` adds keywords that make values choose. */
export function schemaArbitrary(chooses: boolean): Json {
  const { schema } = fc.letrec<{ schema: unknown; properties: Record<string, unknown> }>((tie) => ({
    properties: fc.dictionary(name, tie('schema'), { maxKeys: 5, noNullPrototype: true }),
    schema: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<unknown>({ type: 'string' }, { type: 'integer' }, {}, true, {
        type: 'object',
      }),
      ref,
      fc.record({ type: fc.constant('string'), writeOnly: fc.boolean() }),
      fc.record(
        {
          type: fc.constantFrom<unknown>('object', ['object', 'null']),
          properties: tie('properties'),
          required: fc.array(name, { maxLength: 2 }),
          additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
          writeOnly: fc.boolean(),
        },
        { requiredKeys: ['properties'] },
      ),
      fc.record({ type: fc.constant('object'), additionalProperties: tie('schema') }),
      fc.record({ type: fc.constant('array'), items: tie('schema') }),
      fc.record({ prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
      tie('schema').map((one) => ({ anyOf: [one, { type: 'null' }] })),
      ...(chooses ? choosing(tie('schema')) : []),
    ),
  }))
  return schema
}

function choosing(schema: Json): Json[] {
  return [
    fc.record({ oneOf: fc.array(schema, { minLength: 2, maxLength: 3 }) }),
    fc.record({
      properties: fc.dictionary(name, schema),
      patternProperties: fc.constant({ '^a': {} }),
    }),
  ]
}

const space: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(' ', '\n', '\t', '\r\n', '             ') },
)
const scalar: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'true',
    'false',
    'null',
    '0',
    '-0',
    '1.0',
    '12345678901234567890',
    '1E400',
    '1e-7',
  ),
  fc.constantFrom(
    '"\\ud83d\\ude00"',
    '"\\ud800"',
    '"\\u0000\\"\\\\\\/\\b"',
    '"{\\"a\\":1}"',
    '"€"',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => JSON.stringify(text)),
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => JSON.stringify(text)),
  fc.double().map((value) => (Number.isFinite(value) ? String(value) : '7')),
)

/** A JSON text with white space and spellings of all kinds; `odd` adds names that are escaped or repeated. */
export function textArbitrary(odd: boolean): fc.Arbitrary<string> {
  const plain = name.map((one) => JSON.stringify(one))
  const key = odd
    ? fc.oneof(
        { weight: 40, arbitrary: plain },
        { weight: 1, arbitrary: fc.constantFrom('"p\\u0061ssword"', '"\\u0061"', '"\\/"') },
      )
    : plain
  const { value } = fc.letrec<{ value: string }>((tie) => {
    const item = fc.tuple(space, tie('value'), space).map((parts) => parts.join(''))
    const member = fc
      .tuple(space, key, space, item)
      .map(([before, text, after, inner]) => ({ text, whole: `${before}${text}${after}:${inner}` }))
    const members = odd
      ? fc.array(member, { maxLength: 6 })
      : fc.uniqueArray(member, { maxLength: 6, selector: ({ text }) => text })
    return {
      value: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        scalar,
        fc.array(item, { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
        members.map((all) => `{${all.map(({ whole }) => whole).join(',')}}`),
        fc.constantFrom('{}', '[]', '[ ]', '{ }'),
      ),
    }
  })
  return fc.tuple(space, value, space).map((parts) => parts.join(''))
}
