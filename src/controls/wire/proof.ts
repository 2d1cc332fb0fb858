import type { Proof, ProofRange } from '../../pipeline/proof.ts'

/** Ambiguous messages: what the platform's parsers let pass would reach the API with two readings. */
export const proof: Proof = {
  control: 'wire',
  attacks: [
    {
      id: 'WIRE-01',
      name: 'smuggles a body past with codings that not everybody understands',
      run: (range) =>
        reaches(range, [
          post('1.1', ['Transfer-Encoding: gzip, chunked']),
          post('1.0', ['Transfer-Encoding: chunked']),
        ]),
    },
    {
      id: 'WIRE-02',
      name: 'names two hosts in one request',
      run: async (range) =>
        (await reaches(range, [get(['Host: other.example'])])) ||
        range.passes({ target: '/items/1', via: 'h2', headers: ['host', 'other.example'] }),
    },
    {
      id: 'WIRE-04',
      name: 'sends more header fields than the API may ever have seen',
      run: (range) => reaches(range, [get(Array.from({ length: 110 }, (_, n) => `X-F${n}: 1`))]),
    },
    {
      id: 'WIRE-07',
      name: 'asks the proxy by Connection to delete the address it vouches for',
      run: (range) => reaches(range, [get(['Connection: close, X-Forwarded-For'])]),
    },
  ],
}

interface Message {
  readonly method: 'GET' | 'POST'
  readonly target: string
  readonly version: '1.0' | '1.1'
  readonly fields: readonly string[]
  readonly body: string
}

function get(fields: readonly string[]): Message {
  return { method: 'GET', target: '/items/1', version: '1.1', fields, body: '' }
}

function post(version: Message['version'], fields: readonly string[]): Message {
  const type = 'Content-Type: application/json'
  const body = 'e\r\n{"name":"abc"}\r\n0\r\n\r\n'
  return { method: 'POST', target: '/items', version, fields: [type, ...fields], body }
}

/** Whether any of the messages arrives at the API. */
async function reaches(range: ProofRange, messages: readonly Message[]): Promise<boolean> {
  const { text } = await range.newKey()
  for (const { method, target, version, fields, body } of messages) {
    const line = `${method} ${range.base}${target} HTTP/${version}`
    const head = [line, 'Host: localhost', `X-API-Key: ${text}`, ...fields]
    await range.raw(`${head.join('\r\n')}\r\n\r\n${body}`)
  }
  return range.sink.received().length > 0
}
