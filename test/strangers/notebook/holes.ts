import { signed } from '../kit/weak-token.ts'
import { checksOf } from '../kit/table.ts'
import type { Check } from '../kit/world.ts'
import type { Kept } from './kept.ts'
import { SECRET } from './desk.ts'

const SOON = Math.floor(Date.now() / 1000) + 3600
const A = '/api/v2'
const BOBS = '/api/v2/notes/5f00000000000000000000b1'
const form = (name: string, content: string, type = 'text/xml') => ({
  headers: { 'content-type': 'multipart/form-data; boundary=zz' },
  body: `--zz\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n${content}\r\n--zz--\r\n`,
})
const xxe = (tag: string) =>
  `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><${tag}>&e;</${tag}>`

export const HOLES: readonly Check[] = checksOf<Kept>([
  [
    'note of another read',
    async ({ call }) => (await call('GET', BOBS, { by: 'ann' })).text.includes('bobs secret'),
  ],
  [
    'note of another changed',
    async ({ call, state }) => {
      await call('PUT', BOBS, { by: 'ann', json: { name: 'x', body: 'owned' } })
      return (await state()).notes[2]?.body === 'owned'
    },
  ],
  [
    'note of another deleted',
    async ({ call, state }) => {
      await call('DELETE', BOBS, { by: 'ann' })
      return (await state()).notes.length < 3
    },
  ],
  [
    'own note handed to another',
    async ({ call, state }) => {
      await call('PUT', `${A}/notes/5f00000000000000000000a1`, {
        by: 'ann',
        json: { name: 'x', body: 'y', user: 'bob' },
      })
      return (await state()).notes[0]?.user === 'bob'
    },
  ],
  [
    'public note of another changed',
    async ({ call, state }) => {
      await call('PUT', `${A}/notes/5f00000000000000000000a2`, {
        by: 'bob',
        json: { name: 'x', body: 'owned' },
      })
      return (await state()).notes[1]?.body === 'owned'
    },
  ],
  [
    'public note of another deleted',
    async ({ call, state }) => {
      await call('DELETE', `${A}/notes/5f00000000000000000000a2`, { by: 'bob' })
      return (await state()).notes.length < 3
    },
  ],
  [
    'id of a note chosen at its creation',
    async ({ call, state }) => {
      await call('POST', `${A}/notes`, { by: 'ann', json: { name: 'x', body: 'y', _id: 'mine' } })
      return (await state()).notes.some((n) => n._id === 'mine')
    },
  ],
  [
    'secret notes in the list of all',
    async ({ call }) =>
      (await call('GET', `${A}/notesearch/all`, { by: 'ann' })).text.includes('bobs secret'),
  ],
  [
    'operator in a search',
    async ({ call }) =>
      (
        await call('POST', `${A}/notesearch`, {
          by: 'ann',
          json: { search: "' || this.type != '" },
        })
      ).text.includes('bobs secret'),
  ],
  [
    'admin at sign-up',
    async ({ call, state }) => {
      await call('POST', `${A}/users`, {
        json: { username: 'eve', password: 'eve-pass', admin: true },
      })
      return (await state()).users.some((u) => u.username === 'eve' && u.admin)
    },
  ],
  [
    'hash in the answer to a sign-up',
    async ({ call }) =>
      (
        await call('POST', `${A}/users`, { json: { username: 'eve2', password: 'eve-pass' } })
      ).text.includes('$2b$'),
  ],
  [
    'hash in the answer to a log-in',
    async ({ call }) =>
      (
        await call('POST', `${A}/login`, { json: { username: 'ann', password: 'ann-pass-1' } })
      ).text.includes('$2b$'),
  ],
  [
    'all users with passwords',
    async ({ call }) => (await call('GET', `${A}/users`, { by: 'ann' })).text.includes('letmein'),
  ],
  [
    'all users with passwords, to the administrator',
    async ({ call }) => (await call('GET', `${A}/users`, { by: 'root' })).text.includes('letmein'),
  ],
  [
    'profile of another',
    async ({ call }) =>
      (await call('GET', `${A}/users/profile?username=bob`, { by: 'ann' })).text.includes(
        'I am bob',
      ),
  ],
  [
    'password in the own profile',
    async ({ call }) =>
      (await call('GET', `${A}/users/profile`, { by: 'ann' })).text.includes('ann-pass'),
  ],
  [
    'user made by a user',
    async ({ call, state }) => {
      await call('POST', `${A}/admin/create-user`, {
        by: 'ann',
        json: { username: 'eve3', password: 'p', admin: true },
      })
      return (await state()).users.some((u) => u.username === 'eve3')
    },
  ],
  [
    'unsigned token',
    async ({ call }) =>
      (
        await call('GET', `${A}/users/checkadmin`, {
          token: signed({ user: 'root', permissions: ['user:admin'], exp: SOON }, undefined),
        })
      ).text.includes('Success'),
  ],
  [
    'token signed with a guessed secret',
    async ({ call }) =>
      (
        await call('GET', `${A}/notes`, { token: signed({ user: 'bob', exp: SOON }, SECRET) })
      ).text.includes('bobs secret'),
  ],
  [
    'raw token in a header of the log-in',
    async ({ call }) => {
      const got = await call('POST', `${A}/login`, {
        json: { username: 'ann', password: 'ann-pass-1' },
      })
      return String(got.headers.get('authorization')).includes('eyJ') || got.text.includes('eyJ')
    },
  ],
  [
    'users told apart at the log-in',
    async ({ call }) => {
      const a = await call('POST', `${A}/login`, { json: { username: 'bob', password: 'wrong' } })
      const b = await call('POST', `${A}/login`, {
        json: { username: 'nobody', password: 'wrong' },
      })
      return (
        a.status !== b.status ||
        a.text.replace(/[0-9a-f]{32}/, '') !== b.text.replace(/[0-9a-f]{32}/, '')
      )
    },
  ],
  [
    'operator object as name at the log-in',
    async ({ call }) =>
      (await call('POST', `${A}/login`, { json: { username: { $ne: '' }, password: { $ne: '' } } }))
        .status === 200,
  ],
  [
    'away after log-out',
    async ({ call }) =>
      String(
        (await call('GET', `${A}/users/logout/evil.example`)).headers.get('location'),
      ).includes('evil'),
  ],
  [
    'insides of the old version',
    async ({ call }) =>
      (await call('GET', `/api/v1/info`, { by: 'ann' })).text.includes('JWT_SECRET'),
  ],
  [
    'condition in a release',
    async ({ call }) =>
      (await call('GET', `${A}/release/x'%20or%20'1'='1`)).text.includes('letmein'),
  ],
  [
    'command after a command',
    async ({ call, state }) => {
      await call('GET', `${A}/sysinfo/uname;ls`, { by: 'ann' })
      await call('GET', `${A}/sysinfo/uname%20%26%26%20ls`, { by: 'ann' })
      return (await state()).ran.length > 0
    },
  ],
  [
    'log of the server, by a header',
    async ({ call }) =>
      (
        await call('GET', `${A}/admin/logs`, { headers: { 'x-forwarded-for': '127.0.0.1' } })
      ).text.includes('letmein'),
  ],
  [
    'log of the server, as a user',
    async ({ call }) =>
      (
        await call('GET', `${A}/admin/logs`, {
          by: 'ann',
          headers: { 'x-forwarded-for': '127.0.0.1' },
        })
      ).text.includes('letmein'),
  ],
  [
    'directory of all by a star',
    async ({ call }) =>
      (await call('GET', `${A}/users/ldap-search?user=*`, { by: 'ann' })).text.includes('letmein'),
  ],
  [
    'passphrases of another',
    async ({ call }) =>
      (await call('GET', `${A}/passphrase/bob`, { by: 'ann' })).text.includes('staple'),
  ],
  [
    'passphrases of all by a quote',
    async ({ call }) =>
      (await call('GET', `${A}/passphrase/x'%20OR%20'1'='1`, { by: 'ann' })).text.includes(
        'staple',
      ),
  ],
  [
    'row planted for another',
    async ({ call, state }) => {
      await call('POST', `${A}/passphrase`, {
        by: 'ann',
        json: { passphrase: 'a', reminder: "b'), ('bob', 'planted', 'x" },
      })
      return (await state()).passphrases.some((p) => p.passphrase === 'planted')
    },
  ],
  [
    'file read by an entity in a note',
    async ({ call }) =>
      (
        await call('POST', `${A}/notes/import/xml`, { by: 'ann', json: { xml: xxe('name') } })
      ).text.includes('root:x'),
  ],
  [
    'file read by an entity in a profile',
    async ({ call }) =>
      (
        await call('POST', `${A}/users/profile/import/xml`, {
          by: 'ann',
          json: { xml: xxe('bio') },
        })
      ).text.includes('root:x'),
  ],
  [
    'code in an export',
    async ({ call, state }) => {
      await call('POST', `${A}/export`, {
        by: 'ann',
        json: {
          username: 'ann',
          password: 'ann-pass-1',
          data: Buffer.from('{"a":"_$$ND_FUNC$$_function(){}()"}').toString('base64'),
        },
      })
      return (await state()).ran.length > 0
    },
  ],
  [
    'password of another tried in an export',
    async ({ call }) =>
      (
        await call('POST', `${A}/export`, {
          by: 'ann',
          json: { username: 'bob', password: 'bob-pass-1', data: 'W10=' },
        })
      ).status === 200,
  ],
  [
    'file written beside the folder',
    async ({ call, state }) => {
      await call('POST', '/api/upload', { by: 'ann', ...form('../bob/own.xml', '<x/>') })
      return (await state()).files.includes('/srv/notebook/uploads/bob/own.xml')
    },
  ],
  [
    'page uploaded',
    async ({ call, state }) => {
      await call('POST', '/api/upload', { by: 'ann', ...form('x.html', '<script>', 'text/html') })
      return (await state()).files.includes('/srv/notebook/uploads/ann/x.html')
    },
  ],
  [
    'page uploaded as if it were XML',
    async ({ call, state }) => {
      await call('POST', '/api/upload', { by: 'ann', ...form('x.html', '<script>', 'text/xml') })
      return (await state()).files.includes('/srv/notebook/uploads/ann/x.html')
    },
  ],
  [
    'folder of the server told at an upload',
    async ({ call }) =>
      (await call('POST', '/api/upload', { by: 'ann', ...form('ok.xml', '<x/>') })).text.includes(
        '/srv/',
      ),
  ],
  [
    'file outside fetched',
    async ({ call }) =>
      (
        await call('POST', '/api/download', { by: 'ann', json: { filename: '../../.env' } })
      ).text.includes('JWT_SECRET'),
  ],
  [
    'folder told by an error',
    async ({ call }) =>
      (
        await call('POST', '/api/download', { by: 'ann', json: { filename: 'none.xml' } })
      ).text.includes('/srv/'),
  ],
  [
    'uploads without token',
    async ({ call }) => (await call('GET', '/api/uploads/ann/list.xml')).text.includes('<list'),
  ],
  [
    'any origin',
    async ({ call }) =>
      (
        await call('GET', `${A}/notes`, { by: 'ann', headers: { origin: 'https://evil.example' } })
      ).headers.get('access-control-allow-origin') === 'https://evil.example',
  ],
  [
    'banner',
    async ({ call }) =>
      (await call('GET', `${A}/notes`, { by: 'ann' })).headers.has('x-powered-by'),
  ],
  [
    'error of the database',
    async ({ call }) => (await call('GET', `${A}/notes/zz`, { by: 'ann' })).text.includes('Cast'),
  ],
  [
    'stack of the parser',
    async ({ call }) =>
      (
        await call('POST', `${A}/notes`, {
          by: 'ann',
          headers: { 'content-type': 'application/json' },
          body: '{',
        })
      ).text.includes('at '),
  ],
  [
    'passwords guessed',
    async ({ call }) => {
      let last = 0
      for (let i = 0; i < 8; i++)
        last = (
          await call('POST', `${A}/login`, {
            json: { username: 'bob', password: `guess-${i}` },
            headers: { 'x-forwarded-for': `10.0.0.${i}` },
          })
        ).status
      const good = await call('POST', `${A}/login`, {
        json: { username: 'bob', password: 'bob-pass-1' },
      })
      return last !== 429 && good.status === 200
    },
  ],
])
