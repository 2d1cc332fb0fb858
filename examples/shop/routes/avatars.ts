import { refusal, type Answer } from '../answer.ts'
import { pathValue, type Call, type Route } from '../router.ts'

/** Pictures of users. */
export const AVATAR_ROUTES: readonly Route[] = [
  { method: 'PUT', template: '/users/{userId}/avatar', answer: putAvatar },
  { method: 'GET', template: '/users/{userId}/avatar', answer: getAvatar },
]

/** HOLE `any-upload`: any type, any size, for any user. */
function putAvatar(call: Call): Answer {
  call.database
    .prepare('INSERT OR REPLACE INTO avatars (userId, mediaType, bytes) VALUES (?, ?, ?)')
    .run(pathValue(call, 'userId'), call.mediaType, call.bytes)
  return { status: 204 }
}

/** Serves the bytes back under the type that their sender named (a page with a script, say). */
function getAvatar(call: Call): Answer {
  const row = call.database
    .prepare('SELECT mediaType, bytes FROM avatars WHERE userId = ?')
    .get(pathValue(call, 'userId'))
  if (row === undefined) return refusal(404, 'no_avatar', 'There is no picture.')
  const headers = { 'Content-Type': String(row['mediaType']) }
  return { status: 200, headers, bytes: row['bytes'] as Uint8Array }
}
