import { checksOf } from '../kit/table.ts'
import type { Check } from '../kit/world.ts'
import type { Kept } from './kept.ts'
const isText = (value: unknown): boolean => typeof value === 'string'
const A = '/api/v2'
const form = (name: string, content: string, type = 'text/xml') => ({
  headers: { 'content-type': 'multipart/form-data; boundary=zz' },
  body: `--zz\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n${content}\r\n--zz--\r\n`,
})

export const HONEST_CALLS: readonly Check[] = checksOf<Kept>([
  [
    'sign up and log in',
    async ({ call }) =>
      (await call('POST', `${A}/users`, { json: { username: 'cleo', password: 'cleo-pass' } }))
        .status === 201 &&
      isText(
        (await call('POST', `${A}/login`, { json: { username: 'cleo', password: 'cleo-pass' } }))
          .json?.token,
      ),
  ],
  [
    'list own notes',
    async ({ call }) => (await call('GET', `${A}/notes`, { by: 'ann' })).json.length === 2,
  ],
  [
    'write a note',
    async ({ call, state }) =>
      (
        await call('POST', `${A}/notes`, {
          by: 'ann',
          json: { name: "Ann's list", body: "it's fine; <ok>", type: 'public' },
        })
      ).json._id !== undefined && (await state()).notes.length === 4,
  ],
  [
    'read an own note',
    async ({ call }) =>
      (await call('GET', `${A}/notes/5f00000000000000000000a1`, { by: 'ann' })).json.body ===
      'milk',
  ],
  [
    'change an own note',
    async ({ call, state }) =>
      (
        await call('PUT', `${A}/notes/5f00000000000000000000a1`, {
          by: 'ann',
          json: { name: 'shopping', body: 'milk, eggs' },
        })
      ).status === 200 && (await state()).notes[0]?.body === 'milk, eggs',
  ],
  [
    'delete an own note',
    async ({ call, state }) =>
      (await call('DELETE', `${A}/notes/5f00000000000000000000a1`, { by: 'ann' })).status === 200 &&
      (await state()).notes.length === 2,
  ],
  [
    'find a public note of another',
    async ({ call }) =>
      (await call('POST', `${A}/notesearch`, { by: 'bob', json: { search: 'greeting' } })).json[0]
        ?.body === 'hello',
  ],
  [
    'read a public note of another',
    async ({ call }) =>
      (await call('GET', `${A}/notes/5f00000000000000000000a2`, { by: 'bob' })).json.body ===
      'hello',
  ],
  [
    'list public and own notes',
    async ({ call }) =>
      (await call('GET', `${A}/notesearch/all`, { by: 'bob' })).json.some(
        (n: { name: string }) => n.name === 'greeting',
      ),
  ],
  [
    'see the own profile',
    async ({ call }) =>
      (await call('GET', `${A}/users/profile`, { by: 'ann' })).json.bio === 'I am ann',
  ],
  [
    'take in a profile',
    async ({ call }) =>
      (
        await call('POST', `${A}/users/profile/import/xml`, {
          by: 'ann',
          json: { xml: '<profile><bio>new bio</bio></profile>' },
        })
      ).json.bio === 'new bio',
  ],
  [
    'take out a profile',
    async ({ call }) =>
      (await call('GET', `${A}/users/profile/export/xml`, { by: 'ann' })).text.includes(
        '<bio>I am ann</bio>',
      ),
  ],
  [
    'keep a passphrase',
    async ({ call }) =>
      (
        await call('POST', `${A}/passphrase`, {
          by: 'ann',
          json: { passphrase: 'new one, ok', reminder: 'nice' },
        })
      ).text.includes('Saved'),
  ],
  [
    'see own passphrases',
    async ({ call }) =>
      (await call('GET', `${A}/passphrase/ann`, { by: 'ann' })).json[0]?.passphrase ===
      'horse battery',
  ],
  [
    'export',
    async ({ call }) =>
      (
        await call('POST', `${A}/export`, {
          by: 'ann',
          json: {
            username: 'ann',
            password: 'ann-pass-1',
            data: Buffer.from('[{"passphrase":"horse","reminder":"x"}]').toString('base64'),
          },
        })
      ).text.includes('%PDF'),
  ],
  [
    'upload a file',
    async ({ call, state }) =>
      (await call('POST', '/api/upload', { by: 'ann', ...form('new.xml', '<a>b</a>') })).status ===
        200 && (await state()).files.includes('/srv/notebook/uploads/ann/new.xml'),
  ],
  [
    'list own files',
    async ({ call }) =>
      (await call('GET', '/api/upload', { by: 'ann' })).json[0] === '/uploads/ann/list.xml',
  ],
  [
    'fetch an own file',
    async ({ call }) =>
      (await call('POST', '/api/download', { by: 'ann', json: { filename: 'list.xml' } })).text ===
      '<list/>',
  ],
  ['a release', async ({ call }) => (await call('GET', `${A}/release/0.1`)).json[0] === 'first'],
  [
    'the kernel',
    async ({ call }) => (await call('GET', `${A}/sysinfo/uname`, { by: 'ann' })).text === 'Linux',
  ],
  [
    'log out',
    async ({ call }) => (await call('GET', `${A}/users/logout/localhost`)).headers.has('location'),
  ],
  [
    'administrator lists users',
    async ({ call }) => (await call('GET', `${A}/users`, { by: 'root' })).json.result.length === 3,
  ],
  [
    'administrator makes a user',
    async ({ call, state }) =>
      (
        await call('POST', `${A}/admin/create-user`, {
          by: 'root',
          json: { username: 'new', password: 'p', admin: true },
        })
      ).status < 300 && (await state()).users.some((u) => u.username === 'new'),
  ],
  [
    'administrator finds a user',
    async ({ call }) =>
      (await call('GET', `${A}/users/ldap-search?user=ann`, { by: 'root' })).json[0]?.cn === 'ann',
  ],
])
