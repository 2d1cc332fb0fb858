import { isPromise } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { isUtf8Charset, matchMediaType, parseMediaType } from '../../http/media-type.ts'
import type { MediaType as ActualType } from '../../http/media-type.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { configureBody } from './config.ts'
import type { BodyConfig } from './config.ts'
import { BODY_REASONS, invalidStatus, schemaDenial } from './denials.ts'
import { bodyReaders } from './readers.ts'
import type { ReadBody } from './readers.ts'

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

function bodyGuard(config: BodyConfig, site: Site, api: ApiRuntime): Guard {
  const declared = site.operation.requestBody
  if (declared === undefined) {
    return { onRequest: ({ head }) => (head.hasBody ? UNEXPECTED : undefined) }
  }
  const readers = bodyReaders(config, declared.content, api)
  const types = declared.content.map(({ type }) => type)
  const status = invalidStatus(site.operation)
  const required: Denial = {
    reason: 'body_required',
    status,
    errors: [{ pointer: '', detail: 'is required' }],
  }
  const onRequest = ({ head }: Exchange): Denial | undefined => {
    if (!head.hasBody) return undefined
    return (
      headDenial(
        head.headers.get('content-encoding'),
        head.headers.get('content-length'),
        config,
      ) ?? typeDenial(actualType(head), types)
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
      if (bytes.length === 0 && !exchange.head.hasBody)
        return declared.required ? required : undefined
      const type = actualType(exchange.head)
      const reader = type === undefined ? undefined : readers.get(matchMediaType(types, type) ?? '')
      return reader === undefined || type === undefined
        ? undefined
        : judge(exchange, reader(bytes, type), status)
    },
  }
}

function actualType(head: Exchange['head']): ActualType | undefined {
  return parseMediaType(head.headers.get('content-type') ?? '')
}

function headDenial(
  coding: string | undefined,
  length: string | undefined,
  config: BodyConfig,
): Denial | undefined {
  if (coding !== undefined && coding.trim().toLowerCase() !== 'identity') return CODING
  return length !== undefined && Number(length) > config.maxBodyBytes ? TOO_LARGE : undefined
}

function typeDenial(actual: ActualType | undefined, types: readonly string[]): Denial | undefined {
  const accept = ['Accept', types.join(', ')]
  if (actual === undefined || matchMediaType(types, actual) === undefined)
    return { reason: 'media_type', headers: accept }
  return isUtf8Charset(actual) ? undefined : { reason: 'charset', headers: accept }
}

function judge(
  exchange: Exchange,
  read: MaybePromise<ReadBody>,
  status: number,
): MaybePromise<Denial | undefined> {
  return isPromise(read)
    ? read.then((found) => verdict(exchange, found, status))
    : verdict(exchange, read, status)
}

function verdict(exchange: Exchange, read: ReadBody, status: number): Denial | undefined {
  if (read.kind === 'malformed') return { reason: read.reason, detail: read.detail }
  exchange.body = read.value
  exchange.hasBodyValue = true
  return read.violations === undefined ? undefined : schemaDenial(read.violations, status)
}
