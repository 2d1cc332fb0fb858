import type { Proof, ProofRange } from '../../pipeline/proof.ts'

/** Secrets in undeclared fields, while undeclared fields are only observed. */
export const proof: Proof = {
  control: 'leaks',
  attacks: [
    {
      id: 'OUT-01',
      name: 'reads password hashes from an API that is being adopted',
      needs: { adopt: true },
      run: (range) => anyLeaks(range, ['passwordHash', 'password', 'pwd', 'salt']),
    },
    {
      id: 'OUT-02',
      name: 'reads tokens and keys from an API that is being adopted',
      needs: { adopt: true },
      run: (range) => anyLeaks(range, ['resetToken', 'api_key', 'mfaSecret', 'refresh-token']),
    },
  ],
}

const SECRET = 'not-for-clients'

/** Whether the value of any of the fields reaches the client, at the top or nested. */
async function anyLeaks(range: ProofRange, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    const secret = { [name]: SECRET }
    range.sink.answer({
      body: JSON.stringify({ id: 1, owner: { name: 'a', ...secret }, ...secret }),
    })
    if ((await range.send({ target: '/items/1' })).body.includes(SECRET)) return true
  }
  return false
}
