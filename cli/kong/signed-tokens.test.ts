import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { readYaml } from '../../src/gateway/config/yaml-source.ts'
import { readKongFile } from './kong-file.ts'
import { Notebook } from './notebook.ts'
import { signedIssuers } from './signed-tokens.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = ({ publicKey }: Pick<typeof rsa, 'publicKey'>): string =>
  publicKey.export({ type: 'spki', format: 'pem' })
const GOOD = randomBytes(48).toString('base64')

/** What becomes of one entry of `jwt_secrets`. */
function made(
  entry: Record<string, unknown>,
  { audience, ...more }: { readonly audience?: string; readonly plugins?: readonly unknown[] } = {},
) {
  const data = {
    _format_version: '3.0',
    plugins: [{ name: 'jwt' }],
    consumers: [{ username: 'ann', acls: [{ group: 'staff' }], jwt_secrets: [entry] }],
    ...more,
  }
  const book = new Notebook()
  const kong = readKongFile(readYaml(JSON.stringify(data), 'kong.json'), 'kong.json')
  const issuers = signedIssuers(kong, { audience, book })
  return { issuers, todo: book.notes.map((note) => note.todo).join() }
}

const REFUSED: [
  name: string,
  entry: Record<string, unknown>,
  todo: RegExp,
  more?: Parameters<typeof made>[1],
][] = [
  ['a weak secret', { key: 'app', secret: 'abc' }, /the secret .*refused/],
  ['no secret', { key: 'app' }, /Kong made up its secret/],
  ['no key', { secret: GOOD }, /no iss/],
  [
    'a public key without an audience',
    { key: 'app', algorithm: 'RS256', rsa_public_key: pem(rsa) },
    /--audience/,
  ],
  [
    'a small RSA key',
    { key: 'app', algorithm: 'RS256', rsa_public_key: pem(small) },
    /no public key that RS256/,
    { audience: 'orders' },
  ],
  [
    'a key of another algorithm',
    { key: 'app', algorithm: 'ES256', rsa_public_key: pem(rsa) },
    /no public key that ES256/,
    { audience: 'orders' },
  ],
  [
    'a private key in its place',
    {
      key: 'app',
      algorithm: 'RS256',
      rsa_public_key: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    },
    /no public key/,
    { audience: 'orders' },
  ],
  ['an algorithm nobody knows', { key: 'app', algorithm: 'none' }, /none is not taken/],
  [
    'a consumer with limits of its own',
    { key: 'app', secret: GOOD },
    /hold for keys, not for tokens/,
    {
      plugins: [{ name: 'jwt' }, { name: 'rate-limiting', consumer: 'ann', config: { minute: 5 } }],
    },
  ],
  [
    'an issuer of OpenID Connect',
    { key: 'https://id.example.com', secret: GOOD },
    /there already/,
    {
      plugins: [
        { name: 'jwt' },
        {
          name: 'openid-connect',
          config: { issuer: 'https://id.example.com/.well-known/openid-configuration' },
        },
      ],
    },
  ],
  [
    'secrets that plugins read differently',
    { key: 'app', secret: GOOD },
    /differs from plugin to plugin/,
    { plugins: [{ name: 'jwt' }, { name: 'jwt', config: { secret_is_base64: true } }] },
  ],
  ['a file that asks for no token', { key: 'app', secret: GOOD }, /no route asks/, { plugins: [] }],
]

suite('keys of signed tokens', () => {
  for (const [name, entry, todo, more] of REFUSED)
    test(`${name}: not taken over, and told`, () => {
      const found = made(entry, more)
      assert.deepEqual(found.issuers, [])
      assert.match(found.todo, todo)
    })

  test('a good secret goes into a file of its own that only its owner reads', () => {
    const [issuer] = made({ key: 'app', secret: GOOD }).issuers
    assert.deepEqual(issuer, {
      iss: 'app',
      settings: { secret: 'file:./kong-jwt-app.secret', algs: ['HS256'], maxAge: '3600s' },
      groups: ['staff'],
      file: { name: 'kong-jwt-app.secret', text: `${GOOD}\n`, isSecret: true },
    })
  })

  test('an algorithm and a longest life are kept, and how the secret is written', () => {
    const config = { secret_is_base64: true, maximum_expiration: 600 }
    const [issuer] = made(
      { key: 'https://a.example/x', secret: GOOD, algorithm: 'HS512' },
      { plugins: [{ name: 'jwt', config }] },
    ).issuers
    assert.deepEqual(issuer?.settings, {
      secret: 'file:./kong-jwt-https-a-example-x.secret',
      secretEncoding: 'base64',
      algs: ['HS512'],
      maxAge: '600s',
    })
  })

  for (const [algorithm, pair] of [
    ['RS256', rsa],
    ['PS512', rsa],
    ['ES256', ec],
  ] as const)
    test(`a public key for ${algorithm} becomes a key set that is good for nothing else`, () => {
      const entry = { key: 'app', algorithm, rsa_public_key: pem(pair) }
      const [issuer] = made(entry, { audience: 'orders' }).issuers
      const { keys } = JSON.parse(issuer?.file.text ?? '') as { keys: Record<string, unknown>[] }
      assert.equal(keys.length, 1)
      assert.equal(keys[0]?.['alg'], algorithm)
      assert.equal(keys[0]?.['d'], undefined)
      assert.equal(issuer?.settings['audience'], 'orders')
      assert.equal(issuer?.file.isSecret, false)
    })

  test('files of issuers whose names look alike stay apart, and one key is taken once', () => {
    const secrets = ['a.b', 'a-b', 'a.b'].map((key) => ({ key, secret: GOOD }))
    const book = new Notebook()
    const text = JSON.stringify({
      _format_version: '3.0',
      plugins: [{ name: 'jwt' }],
      consumers: [{ username: 'ann' }],
      jwt_secrets: secrets.map((one) => ({ ...one, consumer: 'ann' })),
    })
    const kong = readKongFile(readYaml(text, 'kong.json'), 'kong.json')
    const issuers = signedIssuers(kong, { audience: undefined, book })
    assert.deepEqual(
      issuers.map(({ iss, file }) => [iss, file.name]),
      [
        ['a.b', 'kong-jwt-a-b.secret'],
        ['a-b', 'kong-jwt-a-b-2.secret'],
      ],
    )
    assert.match(book.notes[0]?.todo ?? '', /there already/)
  })
})
