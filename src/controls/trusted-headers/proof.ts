import type { Proof, ProofRange } from '../../pipeline/proof.ts'

/** Fields in which only a proxy speaks, sent by a client. */
export const proof: Proof = {
  control: 'trusted-headers',
  attacks: [
    {
      id: 'WIRE-08',
      name: 'tells the API who it is in the gateway’s name',
      run: (range) =>
        arrives(range, [
          'Sallyport-Identity',
          'X-User-Id',
          'X_User',
          'X-Client-Cert',
          'SSL-Client-Verify',
        ]),
    },
    {
      id: 'WIRE-08',
      name: 'tells the API another address and another path than its own',
      run: (range) =>
        arrives(range, [
          'X-Forwarded-For',
          'X-Real-IP',
          'True-Client-IP',
          'X-Original-URL',
          'X-Rewrite-URL',
        ]),
    },
    {
      id: 'WIRE-08',
      name: 'turns a GET into a DELETE by a method override',
      run: (range) =>
        arrives(range, ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X_Method_Override']),
    },
  ],
}

const FORGED = 'forged-by-client'

/** Whether any of the fields reaches the API with the client's value. */
async function arrives(range: ProofRange, names: readonly string[]): Promise<boolean> {
  for (const name of names) await range.send({ target: '/items/1', headers: [name, FORGED] })
  return range.sink.received().some(({ headers }) => headers.some((text) => text.includes(FORGED)))
}
