import type { Proof, ProofRange } from '../../pipeline/proof.ts'

const LISTED = 'https://app.prove.sallyport.test'

/** Pages of other origins that want to read answers. */
export const proof: Proof = {
  control: 'cors',
  attacks: [
    {
      id: 'RTE-03',
      name: 'a foreign page reads answers because the API allows every origin',
      run: (range) => anyReads(range, ['https://evil.example']),
    },
    {
      id: 'RTE-03',
      name: 'an origin that looks like a listed one reads answers',
      needs: { cors: [LISTED] },
      run: (range) =>
        anyReads(range, [
          `${LISTED}.evil.example`,
          LISTED.replace('https', 'http'),
          `${LISTED}:8443`,
          'null',
        ]),
    },
    {
      id: 'RTE-03',
      name: 'a foreign page has the API read with the user’s session cookie',
      run: (range) =>
        range.anyPasses(
          [
            'https://evil.example',
            'null',
            'http://localhost',
            'https://localhost.evil.example',
          ].map((origin) => ({
            target: '/page-action',
            credential: 'none',
            headers: ['Cookie', 'prove_session=of-the-user', 'Origin', origin],
          })),
        ),
    },
  ],
}

/** Whether a page of any of the origins may read an answer that the API opened to everybody. */
async function anyReads(range: ProofRange, origins: readonly string[]): Promise<boolean> {
  for (const origin of origins) {
    const open = ['Access-Control-Allow-Origin', origin, 'Access-Control-Allow-Credentials', 'true']
    range.sink.answer({ headers: ['Content-Type', 'application/json', ...open] })
    const headers = ['Origin', origin]
    const answer = await range.send({ target: '/public', credential: 'none', headers })
    const allowed = answer.header('access-control-allow-origin')
    if (allowed === origin || allowed === '*') return true
  }
  return false
}
