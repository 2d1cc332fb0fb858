import type { Proof, ProofRange } from '../../pipeline/proof.ts'

/** Ambiguous messages: what the platform's parsers let pass would reach the API with two readings. */
export const proof: Proof = {
  control: 'wire',
  attacks: [
    {
      id: 'WIRE-01',
      name: 'smuggles a body past with "Transfer-Encoding: gzip, chunked"',
      run: (range) =>
        reaches(range, [
          ['POST', ['Transfer-Encoding: gzip, chunked', 'Content-Type: application/json']],
          [
            'POST',
            [
              'Transfer-Encoding: chunked',
              'Transfer-Encoding: identity',
              'Content-Type: application/json',
            ],
          ],
        ]),
    },
    {
      id: 'WIRE-02',
      name: 'names two hosts in one request',
      run: (range) => reaches(range, [['GET', ['Host: other.example']]]),
    },
    {
      id: 'WIRE-04',
      name: 'sends more header fields than the API may ever have seen',
      run: (range) =>
        reaches(range, [['GET', Array.from({ length: 110 }, (_, n) => `X-F${n}: 1`)]]),
    },
    {
      id: 'WIRE-07',
      name: 'asks the proxy by Connection to delete the address it vouches for',
      run: (range) => reaches(range, [['GET', ['Connection: close, X-Forwarded-For']]]),
    },
  ],
}

type Message = readonly [method: 'GET' | 'POST', fields: readonly string[]]

/** Whether any of the messages arrives at the API. */
async function reaches(range: ProofRange, messages: readonly Message[]): Promise<boolean> {
  const { text } = await range.newKey()
  for (const [method, fields] of messages) {
    const isPost = method === 'POST'
    const target = range.base + (isPost ? '/items' : '/items/1')
    const body = isPost ? 'e\r\n{"name":"abc"}\r\n0\r\n\r\n' : ''
    const head = [
      `${method} ${target} HTTP/1.1`,
      'Host: localhost',
      `X-API-Key: ${text}`,
      ...fields,
    ]
    await range.raw(`${head.join('\r\n')}\r\n\r\n${body}`)
  }
  return range.sink.received().length > 0
}
