import type { Reply, Routes } from '../kit/serve.ts'
import type { Note } from './kept.ts'
import type { Desk } from './desk.ts'
import { readXml } from './xml.ts'

const RELEASES = [
  { name: '0.1', notes: 'first', isOut: true },
  { name: '0.2', notes: 'second', isOut: true },
  { name: '0.3', notes: 'admin password is letmein', isOut: false },
]

/** Notes, found by conditions that are put together from texts, and releases out of a file of XML. */
export function noteRoutes(desk: Desk): Routes {
  const { withCaller } = desk
  const withNote = (answer: (note: Note, body: object) => Reply) =>
    withCaller((_me, { path, body }) => {
      const id = path['noteId']
      const note = desk.shelf().notes.find(({ _id }) => _id === id)
      if (note !== undefined) return answer(note, body)
      return [500, { message: `Cast to ObjectId failed for value "${id}"`, name: 'CastError' }]
    })
  return {
    'GET /api/v2/notes': withCaller((me) => [
      200,
      desk.shelf().notes.filter(({ user }) => user === me),
    ]),
    'POST /api/v2/notes': withCaller((me, { body }) => {
      const { notes } = desk.shelf()
      const _id = `5f${String(notes.length).padStart(22, '0')}`
      const note = { _id, type: 'secret', ...body, user: me } as Note
      notes.push(note)
      return [200, note]
    }),
    'POST /api/v2/notes/import/xml': withCaller((_me, { body }) => [
      200,
      { imported: readXml(String(body.xml), desk.shelf().files) },
    ]),
    'POST /api/v2/notesearch': withCaller((_me, { body }) => {
      const { notes } = desk.shelf()
      const text = String(body.search)
      if (text.includes("'")) return [200, notes]
      return [200, notes.filter(({ name, type }) => type === 'public' && name === text)]
    }),
    'GET /api/v2/notesearch/all': withCaller(() => [200, desk.shelf().notes]),
    'GET /api/v2/notes/{noteId}': withNote((note) => [200, note]),
    'PUT /api/v2/notes/{noteId}': withNote((note, body) => [200, Object.assign(note, body)]),
    'DELETE /api/v2/notes/{noteId}': withNote((note) => {
      const shelf = desk.shelf()
      shelf.notes = shelf.notes.filter((other) => other !== note)
      return [200, { message: 'Note successfully deleted' }]
    }),
    'GET /api/v2/release/{release}': ({ path }) => {
      const wanted = path['release'] ?? ''
      const found = RELEASES.filter(
        ({ name, isOut }) => wanted.includes("' or '") || (isOut && name === wanted),
      )
      return [200, found.map(({ notes }) => notes)]
    },
  }
}
