import type { Proof, ProofRequest } from '../../pipeline/proof.ts'

/** Attacks on the log-in. */
export const proof: Proof = {
  control: 'auth-zone',
  attacks: [
    {
      id: 'SES-04',
      name: 'guesses the password of one account, in many spellings of its name',
      run: async (range) => {
        range.sink.answer({ status: 401, body: '{"message":"wrong"}' })
        // Five of each spelling: only who sees one account in them counts more than the limit.
        for (let n = 0; n < 10; n += 1) {
          const email = n % 2 === 0 ? 'user@prove.test' : ' User@Prove.test'
          if ((await range.send(login({ email, password: `guess-${n}` }))).status === 429)
            return false
        }
        return true
      },
    },
    {
      id: 'SES-04',
      name: 'tries one password on many accounts from one address',
      run: async (range) => {
        range.sink.answer({ status: 401, body: '{"message":"wrong"}' })
        for (let n = 0; n < 40; n += 1) {
          const answer = await range.send(
            login({ email: `user-${n}@prove.test`, password: 'Summer1' }),
          )
          if (answer.status === 429) return false
        }
        return true
      },
    },
    {
      id: 'SES-04',
      name: 'guesses the password of one account from an address of its own each time',
      run: async (range) => {
        range.sink.answer({ status: 401, body: '{"message":"wrong"}' })
        for (let n = 1; n <= 12; n += 1) {
          const guess = login({ email: 'one@prove.test', password: `guess-${n}` })
          await range.send({ ...guess, from: range.address(n) })
        }
        return range.sink.received().length >= 12
      },
    },
    {
      id: 'RTE-06',
      name: 'sends a password of 100 kilobytes, so that hashing it takes long',
      run: (range) => range.passes(login({ email: 'a@prove.test', password: 'p'.repeat(100_000) })),
    },
    {
      id: 'RTE-06',
      name: 'logs in with a media type that a foreign page can send',
      run: (range) =>
        range.passes({
          method: 'POST',
          target: '/login',
          credential: 'none',
          headers: ['Content-Type', 'text/plain'],
          body: '{"email":"a","password":"b"}',
        }),
    },
  ],
}

function login(body: { readonly email: string; readonly password: string }): ProofRequest {
  return { method: 'POST', target: '/login', credential: 'none', body }
}
