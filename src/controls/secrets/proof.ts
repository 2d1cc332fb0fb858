import type { Proof, ProofRange } from '../../pipeline/proof.ts'

/** Put together here, so that no file of this repository looks as if it held one. */
const SECRETS = [
  ['-----BEGIN RSA PRIVATE KEY-----', 'MIIEpAIBAAKCAQEA', '-----END RSA PRIVATE KEY-----'].join(
    '\n',
  ),
  ['AKIA', 'IOSFODNN7', 'EXAMPLE'].join(''),
  ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxIn0', 'c2lnbmF0dXJlLW9mLWEtdG9rZW4'].join('.'),
  ['postgres://app', 's3cret@db.internal:5432/shop'].join(':'),
  ['4242', '4242', '4242', '4242'].join(' '),
  ['DE89', '3704', '0044', '0532', '0130', '00'].join(''),
]

/** Secrets in fields that a document calls plain texts. */
export const proof: Proof = {
  control: 'secrets',
  attacks: [
    {
      id: 'OUT-02',
      name: 'reads keys, tokens, a connection string, a card and an IBAN out of plain texts',
      run: (range) => anyLeaks(range),
    },
  ],
}

async function anyLeaks(range: ProofRange): Promise<boolean> {
  for (const secret of SECRETS) {
    range.sink.answer({ body: JSON.stringify({ id: 1, name: `see ${secret} here` }) })
    const { body } = await range.send({ target: '/items/1' })
    if (body.includes(JSON.stringify(secret).slice(1, -1))) return true
  }
  return false
}
