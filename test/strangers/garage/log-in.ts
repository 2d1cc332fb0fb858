import type { Got } from '../../kit/ask.ts'
import type { World } from '../kit/world.ts'

/** As the web page of the garage logs in: a form. */
export function logIn(
  { ask }: Pick<World, 'ask'>,
  username: string,
  password: string,
): Promise<Got> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const form = new URLSearchParams({ grant_type: 'password', username, password })
  return ask({ method: 'POST', target: '/api/token', headers, body: form.toString() })
}
