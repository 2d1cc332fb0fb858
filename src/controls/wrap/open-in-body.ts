import { isJson, parseMediaType } from '../../http/media-type.ts'
import type { WrapRefusal } from '../../identity/wrapped/wrapped-tokens.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { jsonAnswer } from '../json-answer.ts'
import { rewriteJson } from '../rewrite-json.ts'
import { memberAt, withMember } from './member-at.ts'

/** A body in which a sealed token comes back. */
export interface SealedBody {
  readonly bytes: Buffer
  readonly path: readonly string[]
  readonly open: (text: string) => string | WrapRefusal
}

const RAW: Denial = Object.freeze({ reason: 'token_raw' })

/**
 * Puts the API's token in the place of the sealed one, in JSON or a form. A body without the member is left for the API
 * to refuse.
 */
export function openInBody(exchange: Exchange, sealed: SealedBody): Denial | undefined {
  const { bytes } = sealed
  const type = parseMediaType(exchange.head.headers.get('content-type') ?? '')?.essence ?? ''
  if (bytes.length === 0) return undefined
  if (type === 'application/x-www-form-urlencoded') return openInForm(exchange, sealed)
  return isJson(type) ? openInJson(exchange, sealed) : RAW
}

function openInJson(exchange: Exchange, { bytes, path, open }: SealedBody): Denial | undefined {
  const found = jsonAnswer(bytes)
  // The API may read what nobody here can, and find in it a token that was never sealed.
  if (found === undefined) return RAW
  const text = memberAt(found.value, path)
  if (text === undefined || text === null) return undefined
  if (typeof text !== 'string') return RAW
  const opened = open(text)
  if (typeof opened !== 'string') return opened
  exchange.bodyBytes = rewriteJson(withMember(found.value, path, opened), found.text, found.value)
  return undefined
}

function openInForm(exchange: Exchange, { bytes, path, open }: SealedBody): Denial | undefined {
  const form = new URLSearchParams(bytes.toString('utf8'))
  const name = path.join('.')
  const [text, ...others] = form.getAll(name)
  if (text === undefined) return undefined
  // Two readers would choose two.
  if (others.length > 0) return RAW
  const opened = open(text)
  if (typeof opened !== 'string') return opened
  form.set(name, opened)
  exchange.bodyBytes = Buffer.from(form.toString())
  return undefined
}
