import type { Proof, ProofRange } from '../../pipeline/proof.ts'

/** What header fields tell of the inside, and what browsers do without the protective ones. */
export const proof: Proof = {
  control: 'response-headers',
  attacks: [
    {
      id: 'OUT-04',
      name: 'learns product and version from header fields',
      run: (range) =>
        anySeen(range, ['Server', 'X-Powered-By', 'X-AspNet-Version', 'Via', 'Sallyport-Identity']),
    },
    {
      id: 'OUT-04',
      name: 'is sent by the API to a host of the inside, or of somebody else',
      run: async (range) => {
        for (const url of ['http://10.0.0.5/admin', '//evil.example/', 'javascript:alert(1)']) {
          range.sink.answer({ status: 303, headers: ['Location', url], body: '' })
          if ((await range.send({ target: '/items/1' })).header('location') === url) return true
        }
        return false
      },
    },
    {
      id: 'OUT-04',
      name: 'gets a cookie set that the document does not declare',
      run: (range) => anySeen(range, ['Set-Cookie']),
    },
    {
      id: 'OUT-05',
      name: 'has an answer read as a page, framed, or kept in a shared cache',
      run: async (range) => {
        const open = ['Content-Type', 'application/json', 'Cache-Control', 'public, max-age=600']
        range.sink.answer({ headers: open })
        const answer = await range.send({ target: '/items/1' })
        const isSniffable = answer.header('x-content-type-options') !== 'nosniff'
        const isFramed = answer.header('x-frame-options') !== 'DENY'
        return isSniffable || isFramed || answer.header('cache-control') !== 'no-store'
      },
    },
  ],
}

const TELLTALE = 'inside=1.2.3'

async function anySeen(range: ProofRange, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    range.sink.answer({ headers: ['Content-Type', 'application/json', name, TELLTALE] })
    if ((await range.send({ target: '/items/1' })).headers.includes(TELLTALE)) return true
  }
  return false
}
