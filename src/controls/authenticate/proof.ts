import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Attack, Proof, ProofRequest, ProofTokenOptions } from '../../pipeline/proof.ts'

/** Callers who are not who they say, or say nothing. */
export const proof: Proof = {
  control: 'authenticate',
  attacks: [
    {
      id: 'AUN-01',
      name: 'calls without any credential',
      run: (range) =>
        range.anyPasses([
          { target: '/items/1', credential: 'none' },
          { target: '/token', credential: 'none' },
          {
            target: '/items/1',
            credential: 'none',
            headers: ['Authorization', 'Basic YWRtaW46YWRtaW4='],
          },
        ]),
    },
    {
      id: 'AUN-02',
      name: 'shows two credentials, so that each hop believes another',
      run: async (range) => {
        const twice = ['Authorization', `Bearer ${range.token()}`, 'Authorization', 'Bearer x']
        return range.anyPasses([
          { target: '/token', credential: 'none', headers: twice },
          { target: '/items/1', headers: ['Authorization', `Bearer ${range.token()}`] },
        ])
      },
    },
    {
      id: 'KEY-01',
      name: 'makes up a key, or shows what the store holds of an imported one, or guesses it',
      run: async (range) => {
        const { text } = await range.newKey()
        const other = await range.newKey()
        const swapped = [...text.split('_').slice(0, 4), ...other.text.split('_').slice(4)].join(
          '_',
        )
        const imported = await range.importKey(foreignText())
        const hashes = (['hex', 'base64', 'base64url'] as const).map((form) =>
          createHash('sha256').update(imported.text).digest(form),
        )
        const weak = await range.importKey(GUESSED)
        const shown = [`${text}x`, swapped, ...hashes, imported.id, weak.text, foreignText()]
        return range.anyPasses(shown.map((credential) => ({ target: '/items/1', credential })))
      },
    },
    {
      id: 'KEY-02',
      name: 'carries its key in the URL',
      run: async (range) => {
        const { text } = await range.newKey()
        return range.anyPasses([
          { target: `/names/${text}` },
          { target: `/names/${text}`, credential: 'none' },
        ])
      },
    },
    {
      id: 'KEY-04',
      name: 'uses a key after its end',
      run: async (range) => {
        const { text } = await range.newKey({ livesMs: 1500 })
        await range.send({ target: '/items/1', credential: text })
        await new Promise((resolve) => setTimeout(resolve, 1600))
        return range.passes({ target: '/items/1', credential: text })
      },
    },
    {
      id: 'KEY-05',
      name: 'uses a key that was revoked a moment ago',
      run: async (range) => {
        const keys = [await range.newKey(), await range.importKey(foreignText())]
        for (const { id, text } of keys) {
          await range.send({ target: '/items/1', credential: text })
          await range.revokeKey(id)
        }
        return range.anyPasses(keys.map(({ text }) => ({ target: '/items/1', credential: text })))
      },
    },
    {
      id: 'TOK-02',
      name: 'forges a token: unsigned, signed with the public key, by a stranger, as the API would',
      run: async (range) => {
        const kinds = ['unsigned', 'public-key-hmac', 'stranger'] as const
        const forged = kinds.map((kind) => bearer('/token', range.token({ forged: kind })))
        return range.anyPasses([...forged, bearer('/wrapped', weakToken())])
      },
    },
    tokenAttack('TOK-03', 'brings its own key in the header of the token', () => [
      { forged: 'stranger', header: { jku: 'https://evil.example/jwks.json', kid: 'evil' } },
      { forged: 'stranger', header: { kid: '../../../../dev/null' } },
      { header: { crit: ['x-unknown'], 'x-unknown': 1 } },
    ]),
    tokenAttack(
      'TOK-04',
      'shows a token that was meant for another API, or another kind of token',
      () => [
        { claims: { aud: 'https://other.example' } },
        { claims: { iss: 'https://other.example' } },
        { claims: { nonce: 'n' }, header: { typ: 'JWT' } },
        { claims: { cnf: { jkt: 'x' } } },
      ],
    ),
    tokenAttack('TOK-05', 'shows a token that is over, not yet due, or good for a year', (now) => [
      { claims: { iat: now - 900, exp: now - 300 } },
      { claims: { nbf: now + 600 } },
      { claims: { exp: now + 31_536_000 } },
    ]),
    {
      ...tokenAttack('TOK-05', 'shows a token that is over once the clock was set back', (now) => [
        { claims: { iat: now - 1500, exp: now - 900 } },
      ]),
      needs: { clock: 'back' },
    },
  ],
}

/** Long enough for a key, and the first that anybody would try. */
const GUESSED = 'orders-gateway-1'

/** A key as other systems make them. */
function foreignText(): string {
  return randomBytes(24).toString('hex')
}

function tokenAttack(
  id: string,
  name: string,
  forgeries: (nowSeconds: number) => readonly ProofTokenOptions[],
): Attack {
  return {
    id,
    name,
    run: (range) =>
      range.anyPasses(
        forgeries(Math.floor(Date.now() / 1000)).map((options) =>
          bearer('/token', range.token(options)),
        ),
      ),
  }
}

function bearer(target: string, token: string): ProofRequest {
  return { target, credential: 'none', headers: ['Authorization', `Bearer ${token}`] }
}

/** What an API would make that signs with `secret`, or with nothing. */
function weakToken(): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const data = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: 'admin' })}`
  return `${data}.${createHmac('sha256', 'secret').update(data).digest('base64url')}`
}
