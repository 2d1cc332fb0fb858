import type { Reply, Routes } from '../kit/serve.ts'
import type { Desk } from './desk.ts'

const HTML = { 'content-type': 'text/html' }
const HOME = '/srv/notebook'

/** Passphrases by queries of texts, exports that run what they read, uploads and downloads by any name. */
export function fileRoutes(desk: Desk): Routes {
  const { withCaller } = desk
  return {
    'POST /api/v2/passphrase': withCaller((me, { body }) => {
      const { passphrases } = desk.shelf()
      const more = /'\), \('(\w+)'/.exec(String(body.reminder))
      if (more !== null)
        passphrases.push({ username: more[1] ?? '', passphrase: 'planted', reminder: '' })
      passphrases.push({ username: me, passphrase: body.passphrase, reminder: body.reminder })
      return [200, 'Passphrase Saved Successfully', HTML]
    }),
    'GET /api/v2/passphrase/{username}': withCaller((_me, { path }) => {
      const name = path['username'] ?? ''
      const rows = desk
        .shelf()
        .passphrases.filter(({ username }) => username === name || name.includes("' OR "))
      return [200, rows.map(({ passphrase, reminder }) => ({ passphrase, reminder }))]
    }),
    'POST /api/v2/export': withCaller((me, { body }) => {
      const { users, ran } = desk.shelf()
      if (users.get(body.username)?.password !== body.password)
        return [401, 'Incorrect credentials', HTML]
      const data = Buffer.from(String(body.data), 'base64').toString()
      if (data.includes('_$$ND_FUNC$$_')) ran.push(data)
      return [200, `%PDF-1.3 passphrases of ${me}: ${data}`, { 'content-type': 'application/pdf' }]
    }),
    'GET /api/upload': withCaller((me) => {
      const names = [...desk.shelf().files.keys()]
      const own = names.filter((name) => name.startsWith(`${HOME}/uploads/${me}/`))
      return [200, own.map((name) => name.slice(HOME.length))]
    }),
    'POST /api/upload': withCaller((me, { bytes }) => {
      const part = /filename="([^"]*)"[^]*?\r\n\r\n([^]*?)\r\n--/.exec(bytes.toString())
      const at = placeOf(me, part?.[1] ?? '')
      desk.shelf().files.set(at, part?.[2] ?? '')
      return [200, JSON.stringify(`File uploaded to your private user directory within ${at}`)]
    }),
    'POST /api/download': withCaller((me, { body }) => {
      const at = placeOf(me, String(body.filename))
      const file = desk.shelf().files.get(at)
      if (file === undefined) return [404, `ENOENT: no such file or directory, open '${at}'`, HTML]
      return [200, file, { 'content-type': 'application/octet-stream' }]
    }),
    // Served to everybody, as a web server serves a folder.
    'GET /api/uploads/{user}/{name}': ({ path }): Reply => {
      const file = desk.shelf().files.get(`${HOME}/uploads/${path['user']}/${path['name']}`)
      return file === undefined ? [404, 'no', HTML] : [200, file, HTML]
    },
  }
}

/** Two dots lead a folder up. */
function placeOf(me: string, name: string): string {
  return new URL(`file://${HOME}/uploads/${me}/${name}`).pathname
}
