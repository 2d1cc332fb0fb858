import type { DatabaseSync } from 'node:sqlite'
import type { Answer } from './answer.ts'
import type { Row } from './database.ts'

/** One request as the routes see it. */
export interface Call {
  /** Values of the template's braces, decoded, nothing checked. */
  readonly path: ReadonlyMap<string, string>
  readonly query: URLSearchParams
  readonly mediaType: string
  readonly bytes: Buffer
  /** Fields of a JSON or form body. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly caller: Row
  readonly database: DatabaseSync
}

/** A method and a template such as `/orders/{orderId}` with what answers it. */
export interface Route {
  readonly method: string
  readonly template: string
  readonly answer: (call: Call) => Answer | Promise<Answer>
}

/** A route that fits, and the values of its braces. */
export interface Match {
  readonly route: Route
  readonly path: ReadonlyMap<string, string>
}

/** The first route that fits; `undefined` when none does. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): Match | undefined {
  for (const route of routes) {
    if (route.method !== method) continue
    const values = matchTemplate(route.template, path)
    if (values !== undefined) return { route, path: values }
  }
  return undefined
}

function matchTemplate(template: string, path: string): ReadonlyMap<string, string> | undefined {
  const expected = template.split('/')
  const found = path.split('/')
  if (expected.length !== found.length) return undefined
  const values = new Map<string, string>()
  for (const [index, piece] of expected.entries()) {
    const text = decodeURIComponent(found[index] ?? '')
    if (piece.startsWith('{')) values.set(piece.slice(1, -1), text)
    else if (piece !== text) return undefined
  }
  return values
}

/** A path value that the template promises. */
export function pathValue(call: Call, name: string): string {
  return call.path.get(name) ?? ''
}
