import type { RewriteWalk } from '../../openapi/fields/rewrite.ts'
import type { Opening } from './token-parts.ts'

/** Why a token is refused. */
export type Refused = 'token_refused' | 'token_unknown'

/** What a walk through a body knows, and finds. */
export interface TokenWalk extends RewriteWalk, Opening {
  readonly opened: string[]
  readonly refused: { readonly pointer: string; readonly reason: Refused }[]
}

const MAX_NOTED = 20

/** Notes that a token where the walk stands is refused. */
export function refuse(walk: TokenWalk, reason: Refused): void {
  if (walk.refused.length < MAX_NOTED) walk.refused.push({ pointer: pointerOf(walk), reason })
}

/** Notes a place, up to 20. */
export function note(found: string[], pointer: string): void {
  if (found.length < MAX_NOTED) found.push(pointer)
}

/** Where a walk stands, as a JSON Pointer. */
export function pointerOf({ path }: RewriteWalk): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
