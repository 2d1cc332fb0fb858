import type { Proof } from '../../pipeline/proof.ts'

/** The API's own token, for `admin`. */
const TOKEN = [{ alg: 'HS256', typ: 'JWT' }, { sub: 'user', role: 'customer' }, 'signature']
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.')

/** Tokens that clients can read, and so can guess the secret of and change. */
export const proof: Proof = {
  control: 'wrap',
  attacks: [
    {
      id: 'TOK-10',
      name: 'reads the token that the API signed itself, to guess its secret at leisure',
      run: async (range) => {
        range.sink.answer({ body: JSON.stringify({ token: TOKEN }) })
        const answer = await range.send({
          method: 'POST',
          target: '/sign-in',
          credential: 'none',
          body: { email: 'reader@prove.test', password: 'right' },
        })
        return answer.status < 300 && answer.body.includes(TOKEN)
      },
    },
  ],
}
