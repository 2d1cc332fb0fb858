import { generateKeyPairSync, sign } from 'node:crypto'
import type { Proof, ProofRange } from '../../pipeline/proof.ts'
import { carefulApi, identityOf } from './careful-api.ts'

/** Attacks on an API that would check who calls, if the gateway gave it anything to check. */
export const proof: Proof = {
  control: 'upstream-identity',
  attacks: [
    {
      id: 'OUT-09',
      name: 'calls the API past the gateway, and cannot be told from a call through it',
      run: async (range) => {
        const api = await carefulApi(range)
        const honest = await identityOf(range, { target: '/items/1' })
        // An API that would have to refuse the gateway's own calls takes everybody's.
        if (honest === undefined || api.callerOf(honest) === undefined) return true
        return [undefined, 'admin', ...forgeriesOf(honest)].some(
          (token) => api.callerOf(token) !== undefined,
        )
      },
    },
    {
      id: 'TOK-10',
      name: 'is taken for another caller by an API that cannot tell its callers apart',
      run: async (range) => {
        const api = await carefulApi(range)
        const { id, text } = await range.newKey()
        const requests = [
          { target: '/items/1', credential: text },
          ...['alice', 'bob', `key:${id}`].map((sub) => withToken(range, sub)),
        ]
        const callers = new Set<string | undefined>()
        for (const request of requests) callers.add(api.callerOf(await identityOf(range, request)))
        return callers.size < requests.length
      },
    },
    {
      id: 'TOK-10',
      name: 'calls without a credential an API that cannot tell nobody from somebody',
      run: async (range) => {
        const api = await carefulApi(range)
        const request = { target: '/public', credential: 'none' }
        return api.callerOf(await identityOf(range, request)) !== ''
      },
    },
  ],
}

function withToken(range: ProofRange, sub: string) {
  const headers = ['Authorization', `Bearer ${range.token({ claims: { sub } })}`]
  return { target: '/token', credential: 'none', headers }
}

/** What somebody who once saw a token makes of it: unsigned, signed with an own key, said of somebody else. */
function forgeriesOf(token: string): readonly string[] {
  const [head = '', body = '', signature = ''] = token.split('.')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const own = sign('sha256', Buffer.from(`${head}.${body}`), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object
  const other = encode({ ...claims, sub: 'key:admin' })
  return [
    `${encode({ alg: 'none' })}.${body}.`,
    `${head}.${body}.${own.toString('base64url')}`,
    `${head}.${other}.${signature}`,
  ]
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
