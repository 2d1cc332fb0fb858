import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { canonicalForm } from '../../http/form-text.ts'
import type { CanonicalQuery } from '../../http/query.ts'
import type { ViewEdge } from '../../openapi/fields/view.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { openText, tellOpened, withValues } from './token-parts.ts'
import type { Opened } from './token-parts.ts'
import type { TokenDecision } from './token-views.ts'
import { note, pointerOf, refuse } from './token-walk.ts'
import type { TokenWalk } from './token-walk.ts'

const URL_ENCODED = 'application/x-www-form-urlencoded'
/** Media types of forms. */
export const FORMS: ReadonlySet<string> = new Set([URL_ENCODED, 'multipart/form-data'])
/** As long as a token may be, and a little more. */
const ANY_TOKEN = /tok_\d{1,6}_[\w-]{16,8192}/g

/** The body of a form. */
interface Form {
  readonly body: Buffer
  readonly essence: string
  readonly view: ViewEdge<TokenDecision>
  readonly walk: TokenWalk
}

/** Opens fields of the top of a form; in parts of files, and inside of structures, a token of this tenant is refused. */
export function openForm(exchange: Exchange, form: Form): MaybePromise<void> {
  const { body, essence, walk } = form
  if (essence === URL_ENCODED)
    return andThen(canonicalForm(body), (read) => {
      if (!('fault' in read)) openPairs(exchange, read, form)
    })
  for (const [token] of body.toString('latin1').matchAll(ANY_TOKEN))
    if (walk.keys.open(walk.tenant, token) !== undefined) return refuse(walk, 'token_refused')
}

/** What `a[b]` and `a.b` mean is decoded later: there a token of this tenant is refused. */
function openPair(
  name: string,
  value: string,
  { view, walk }: Pick<Form, 'view' | 'walk'>,
): Opened {
  const decision = view.inner?.members.get(name)?.decision
  if (decision !== undefined) return openText(value, decision, walk)
  const isInside = /[[.]/.test(name) && walk.keys.open(walk.tenant, value) !== undefined
  return isInside ? 'token_refused' : 'same'
}

function openPairs(
  exchange: Exchange,
  { text, pairs }: CanonicalQuery,
  { view, walk }: Form,
): void {
  const values = new Map<number, string>()
  for (const [index, [name, value]] of pairs.entries()) {
    walk.path.push(name)
    const opened = openPair(name, value, { view, walk })
    if (typeof opened === 'object') {
      values.set(index, opened.value)
      note(walk.opened, pointerOf(walk))
    } else if (opened !== 'same') refuse(walk, opened)
    walk.path.pop()
  }
  if (values.size === 0 || walk.refused.length > 0) return
  exchange.bodyBytes = Buffer.from(withValues(text, values))
  tellOpened(exchange, 'tokens', walk.opened)
}
