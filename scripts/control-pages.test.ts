import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controlPages } from './control-pages.ts'
import type { ControlFacts } from './control-pages.ts'

const KEYS: ControlFacts = {
  name: 'keys',
  ids: ['KEY-01', 'KEY-02'],
  stage: 'authenticate',
  scope: 'operation',
  block: 'auth',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    key_expired: {
      status: 401,
      problem: 'invalid_credential',
      title: 'Invalid | credential',
      event: 'authn_login_fail',
    },
  },
}
const MASKS: ControlFacts = {
  ...KEYS,
  name: 'masks',
  ids: [],
  stage: 'filter',
  scope: 'gateway',
  block: undefined,
  adopt: 'observe',
  onFault: 'pass',
  reasons: {},
}
const pages = controlPages([KEYS, MASKS], (name) => `Does ${name}.\n\nMore of it.\n`)

test('writes one table and a page for each control', () => {
  assert.deepEqual(
    [...pages.keys()],
    ['docs/controls/README.md', 'docs/controls/keys.md', 'docs/controls/masks.md'],
  )
})

test('the table has a row for each control, in the order given', () => {
  const rows = (pages.get('docs/controls/README.md') ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| ['))
  assert.deepEqual(rows, [
    '| [keys](keys.md) | KEY-01, KEY-02 | authenticate | `auth` | enforced at once | the request is refused | `key_expired` 401 |',
    '| [masks](masks.md) |  | filter | always enforced | observed | the request goes on |  |',
  ])
})

const rows: [name: string, page: string, holds: RegExp][] = [
  ['starts with the sentence of its README', 'keys', /^# keys\n\nDoes keys\.\n\nMore of it\.\n/],
  ['says for whom it runs', 'keys', /Stage: authenticate, for each operation/],
  ['says that it stands before every request', 'masks', /Stage: filter, for every request/],
  ['lists its reasons', 'keys', /\| `key_expired` \| 401 \| `invalid_credential` \|/],
  ['keeps a bar in a title from breaking the table', 'keys', /Invalid \\\| credential/],
  ['says when it refuses nothing', 'masks', /It refuses nothing\./],
]
for (const [name, page, holds] of rows) {
  test(`a page ${name}`, () => assert.match(pages.get(`docs/controls/${page}.md`) ?? '', holds))
}
