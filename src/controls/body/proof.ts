import type { Proof, ProofRange, ProofRequest } from '../../pipeline/proof.ts'

/** Bodies with more than the document declares, or with two readings. */
export const proof: Proof = {
  control: 'body',
  attacks: [
    {
      id: 'VAL-03',
      name: 'assigns isAdmin: at the top, nested, and in the item of a list',
      run: (range) =>
        range.anyPasses(
          [
            { name: 'a', isAdmin: true },
            { name: 'a', owner: { name: 'b', isAdmin: true } },
            { name: 'a', lines: [{ sku: 's' }, { sku: 't', price: 0 }] },
          ].map(post),
        ),
    },
    {
      id: 'VAL-01',
      name: 'sends other types and values than the schema allows',
      run: (range) =>
        range.anyPasses(
          [
            { name: 'a', amount: -1 },
            { name: { $ne: '' } },
            { amount: 1 },
            [],
            'text',
            { name: 'a', amount: '1' },
          ].map(post),
        ),
    },
    {
      id: 'VAL-04',
      name: 'sends JSON as another media type, to pass as a simple form',
      run: (range) =>
        anyPassesAs(range, '{"name":"a"}', [
          'text/plain',
          'application/json; charset=utf-7',
          'application/xml',
        ]),
    },
    {
      id: 'VAL-05',
      name: 'sends JSON that two parsers read differently',
      run: async (range) => {
        const texts = [
          '{"name":"a","amount":1,"amount":1000}',
          '{"name":"a","\\u006eame":"b"}',
          '{"name":"a","amount":1e400}',
          '{"name":"a","__proto__":{"isAdmin":true}}',
          '\ufeff{"name":"a"}',
          '{"name":"a"} {"name":"b"}',
          `{"name":"a","lines":${'['.repeat(300)}${']'.repeat(300)}}`,
        ]
        for (const text of texts)
          if (await anyPassesAs(range, text, ['application/json'])) return true
        return false
      },
    },
  ],
}

function post(body: unknown): ProofRequest {
  const text = JSON.stringify(body)
  return {
    method: 'POST',
    target: '/items',
    headers: ['Content-Type', 'application/json'],
    body: text,
  }
}

function anyPassesAs(range: ProofRange, body: string, types: readonly string[]): Promise<boolean> {
  return range.anyPasses(
    types.map((type) => ({
      method: 'POST',
      target: '/items',
      headers: ['Content-Type', type],
      body,
    })),
  )
}
