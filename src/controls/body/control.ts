import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { memo } from '../../base/memo.ts'
import { isUtf8Charset, matchMediaType, parseMediaType } from '../../http/media-type.ts'
import type { MediaType as ActualType } from '../../http/media-type.ts'
import type { MediaType } from '../../openapi/model.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { bodyShape } from '../adopt-evidence.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { configureBody } from './config.ts'
import type { BodyConfig } from './config.ts'
import { BODY_REASONS, invalidStatus, schemaDenial } from './denials.ts'
import { bodyEvidence } from './evidence.ts'
import { bodyReaders } from './readers.ts'
import type { BodyReader, ReadBody } from './readers.ts'

/** Lets in only bodies of a declared type that are well formed and fit their schema, with no field beyond it. */
export const body: Control<BodyConfig, Kit> = {
  name: 'body',
  ids: ['VAL-01', 'VAL-02', 'VAL-03', 'VAL-04', 'VAL-05', 'VAL-06'],
  stage: 'body',
  scope: 'operation',
  block: 'validate',
  adopt: 'observe',
  onFault: 'deny',
  reasons: BODY_REASONS,
  configure: configureBody,
  compile: (config, site, kit) => {
    const api = site === undefined ? undefined : kit.apis.get(site.operation.api)
    return site === undefined || api === undefined ? undefined : bodyGuard(config, site, api)
  },
}

const UNEXPECTED: Denial = Object.freeze({
  reason: 'unexpected_body',
  detail: 'the document declares no body here',
})
const TOO_LARGE: Denial = Object.freeze({
  reason: 'body_too_large',
  detail: 'Content-Length over the limit',
})
const CODING: Denial = Object.freeze({
  reason: 'content_coding',
  headers: ['Accept-Encoding', 'identity'],
})

/** Where the document declares no body. */
const STRICT: Guard = { onRequest: ({ head }) => (head.hasBody ? UNEXPECTED : undefined) }
/** As above, and holds the body, so that its shape can be seen. */
const LEARNING: Guard = {
  onRequest: (exchange) =>
    exchange.head.hasBody ? withBodyShape(exchange, UNEXPECTED) : undefined,
  onRequestBody: () => undefined,
}

function withBodyShape(exchange: Exchange, denial: Denial): Denial {
  const pointer = actualType(exchange.head)?.essence ?? ''
  return {
    ...denial,
    evidence: () => [
      { kind: 'request-undeclared-body', pointer, sample: bodyShape(exchange.bodyBytes) },
    ],
  }
}

function bodyGuard(config: BodyConfig, site: Site, api: ApiRuntime): Guard {
  const declared = site.operation.requestBody
  const isAdopting = site.policy.adopt !== undefined
  if (declared === undefined) return isAdopting ? LEARNING : STRICT
  const readers = bodyReaders(config, declared.content, api)
  const typeOf = memo(typeJudge(declared.content, readers), TYPES)
  const status = invalidStatus(site.operation)
  const required: Denial = {
    reason: 'body_required',
    status,
    errors: [{ pointer: '', detail: 'is required' }],
  }
  const onRequest = (exchange: Exchange): Denial | undefined => {
    const { head } = exchange
    if (!head.hasBody) return undefined
    return (
      headDenial(
        head.headers.all('content-encoding'),
        head.headers.get('content-length'),
        config,
      ) ?? typeDenial(exchange, typeOf(saidType(head)), isAdopting)
    )
  }
  if ([...readers.values()].every((reader) => reader === undefined)) {
    return {
      onRequest: (exchange) =>
        declared.required && !exchange.head.hasBody ? required : onRequest(exchange),
    }
  }
  return {
    onRequest,
    onRequestBody: (exchange, bytes) => {
      // Announced, perhaps, but nothing came: a chunked body of no chunks.
      if (bytes.length === 0) return declared.required ? required : undefined
      const { type, reader } = typeOf(saidType(exchange.head))
      return reader === undefined || type === undefined
        ? undefined
        : judge(exchange, reader(exchange.bodyBytes ?? bytes, type), { bytes, status, isAdopting })
    },
  }
}

/** Clients of an operation say few different ones. */
const TYPES = { maxEntries: 64, maxChars: 128 } as const

/** What follows from one value of `Content-Type`. */
interface TypeVerdict {
  readonly type: ActualType | undefined
  /** `undefined` as well where the bytes are nobody's business. */
  readonly reader: BodyReader | undefined
  readonly denial: Denial | undefined
}

/** Judges values of `Content-Type`. */
function typeJudge(
  content: readonly MediaType[],
  readers: ReadonlyMap<string, BodyReader | undefined>,
): (text: string) => TypeVerdict {
  const types = content.map(({ type }) => type)
  const headers = ['Accept', types.join(', ')]
  const undeclared: Denial = Object.freeze({ reason: 'media_type', headers })
  const charset: Denial = Object.freeze({ reason: 'charset', headers })
  return (text) => {
    const type = parseMediaType(text)
    const matched = type === undefined ? undefined : matchMediaType(types, type)
    if (type === undefined || matched === undefined)
      return { type, reader: undefined, denial: undeclared }
    const denial = isUtf8Charset(type) ? undefined : charset
    return { type, reader: readers.get(matched), denial }
  }
}

function saidType({ headers }: Exchange['head']): string {
  return headers.get('content-type') ?? ''
}

function actualType(head: Exchange['head']): ActualType | undefined {
  return parseMediaType(saidType(head))
}

function headDenial(
  codings: readonly string[],
  length: string | undefined,
  config: BodyConfig,
): Denial | undefined {
  if (codings.some((coding) => coding.trim().toLowerCase() !== 'identity')) return CODING
  return length !== undefined && Number(length) > config.maxBodyBytes ? TOO_LARGE : undefined
}

function typeDenial(
  exchange: Exchange,
  { denial }: TypeVerdict,
  isAdopting: boolean,
): Denial | undefined {
  const isEvidence = isAdopting && denial?.reason === 'media_type'
  return isEvidence ? withBodyShape(exchange, denial) : denial
}

interface Judging {
  readonly bytes: Buffer
  readonly status: number
  readonly isAdopting: boolean
}

function judge(
  exchange: Exchange,
  read: MaybePromise<ReadBody>,
  judging: Judging,
): MaybePromise<Denial | undefined> {
  return isPromise(read)
    ? read.then((found) => verdict(exchange, found, judging))
    : verdict(exchange, read, judging)
}

function verdict(
  exchange: Exchange,
  read: ReadBody,
  { bytes, status, isAdopting }: Judging,
): Denial | undefined {
  if (read.kind === 'opaque') return undefined
  if (read.kind === 'sound') {
    exchange.holdBody(exchange.bodyBytes ?? bytes, read.read)
    exchange.leadingTexts = read.leading
    exchange.areUrlsTold = read.areUrlsTold
    exchange.hasBodyValue = true
    return undefined
  }
  if (read.kind === 'malformed') return { reason: read.reason, detail: read.detail }
  exchange.body = read.value
  exchange.leadingTexts = read.leading
  exchange.hasBodyValue = true
  const { value, violations } = read
  if (violations === undefined) return undefined
  const denial = schemaDenial(violations, status)
  if (!isAdopting) return denial
  const name = actualType(exchange.head)?.essence ?? ''
  return { ...denial, evidence: () => bodyEvidence({ name, value }, violations) }
}
