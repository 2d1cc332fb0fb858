import { parseSetCookie } from '../../http/cookie.ts'
import { isFieldName } from '../../openapi/infer/field-name.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { NO_SHAPE } from '../adopt-evidence.ts'

/** While an API is being adopted, a redirect that would be refused passes as it came, and is counted. */
export function learnRedirect(exchange: Exchange): undefined {
  const pointer = String(exchange.upstream?.status ?? 0)
  exchange.lessons ??= []
  exchange.lessons.push(() => [{ kind: 'response-foreign-redirect', pointer, sample: NO_SHAPE }])
}

/** Notes the cookies that would be left out once the operation is enforced. */
export function learnCookies(exchange: Exchange, declared: ReadonlySet<string>): void {
  const { upstream } = exchange
  for (const text of upstream?.headers.all('set-cookie') ?? []) {
    const name = parseSetCookie(text)?.name
    if (name === undefined || declared.has(name)) continue
    const pointer = `${upstream?.status ?? 0} ${isFieldName(name) ? name : '*'}`
    exchange.lessons ??= []
    exchange.lessons.push(() => [{ kind: 'response-undeclared-cookie', pointer, sample: NO_SHAPE }])
  }
}
