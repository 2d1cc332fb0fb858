import type { Proof, ProofRange } from '../../pipeline/proof.ts'

const SECRETS = ['jane.roe@example.org', '4111111111111111', '078-05-1120', 'hunter2hunter2']

/** Values that a document calls delicate, in clear. */
export const proof: Proof = {
  control: 'classes',
  attacks: [
    {
      id: 'OUT-03',
      name: 'reads an address, a card, a number and a secret that are masked, dropped or tokens for others',
      needs: {
        classes: { personal: 'mask', payment: 'last4', secret: 'drop', sensitive: 'tokenize' },
      },
      run: (range) => anyLeaks(range),
    },
  ],
}

/** Whether any of the values reaches the client, at the top, nested or in a list. */
async function anyLeaks(range: ProofRange): Promise<boolean> {
  const [email, card, ssn, secret] = SECRETS
  const account = { email, card, ssn, secret }
  range.sink.answer({ body: JSON.stringify({ ...account, others: [account] }) })
  const { body } = await range.send({ target: '/accounts/1' })
  return SECRETS.some((text) => body.includes(text))
}
