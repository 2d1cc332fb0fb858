import type { Proof, ProofRange } from '../../pipeline/proof.ts'

/** Targets with two readings: one for whoever judges, another for the API. */
export const proof: Proof = {
  control: 'target',
  // As proxies do that match what came and forward it: nothing is decoded, nothing refused.
  naive: (exchange) => {
    const [path = '', query = ''] = exchange.head.rawTarget.split('?', 2)
    exchange.path = path
    const pairs = [...new URLSearchParams(query)].map(
      ([name, value]) => [name, value, value] as const,
    )
    exchange.query = { text: query, pairs }
  },
  attacks: [
    {
      id: 'WIRE-05',
      name: 'climbs out of a path with encoded slashes and dots',
      run: (range) =>
        reaches(range, [
          '/names/..%2f..%2fadmin',
          '/names/%2e%2e',
          '/names/..',
          '/names/%252e%252e%252f',
        ]),
    },
    {
      id: 'WIRE-05',
      name: 'cuts a path short with a NUL, a backslash or an overlong letter',
      run: (range) => reaches(range, ['/names/a%00b', '/names/..\\admin', '/names/a%5cb']),
    },
  ],
}

/** Whether any of the targets arrives at the API, in whatever spelling. */
async function reaches(range: ProofRange, targets: readonly string[]): Promise<boolean> {
  const { text } = await range.newKey()
  for (const target of targets) {
    const head = `GET ${range.base}${target} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${text}`
    await range.raw(`${head}\r\nConnection: close\r\n\r\n`)
  }
  return range.sink.received().length > 0
}
