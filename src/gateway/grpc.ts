import type { Operation } from '../openapi/model.ts'
import type { Exchange } from '../pipeline/exchange.ts'

const MEDIA_TYPE = 'application/grpc'

/** Whether a media type is gRPC, with its own framing of messages: `application/grpc`, `application/grpc+proto`, … */
export function isGrpcType(type: string): boolean {
  if (!type.startsWith(MEDIA_TYPE)) return false
  const next = type.charCodeAt(MEDIA_TYPE.length)
  // gRPC-Web is another protocol, made for browsers: requests and answers one after the other.
  return Number.isNaN(next) || next === PLUS || next === SEMICOLON
}

const PLUS = 43
const SEMICOLON = 59

/** Whether the document declares an operation as a method of a gRPC service. */
export function isGrpcOperation(operation: Operation): boolean {
  const content = operation.requestBody?.content ?? []
  return content.length > 0 && content.every(({ type }) => isGrpcType(type))
}

/** HTTP statuses as gRPC clients read them, where the status itself says more than their own table would. */
const STATUSES: ReadonlyMap<number, number> = new Map([
  [400, 3], // INVALID_ARGUMENT
  [401, 16], // UNAUTHENTICATED
  [403, 7], // PERMISSION_DENIED
  [404, 12], // UNIMPLEMENTED
  [405, 12],
  [408, 4], // DEADLINE_EXCEEDED
  [409, 10], // ABORTED
  [413, 8], // RESOURCE_EXHAUSTED
  [415, 3],
  [422, 3],
  [429, 8],
  [431, 8],
  [499, 1], // CANCELLED
  [500, 13], // INTERNAL
  [502, 14], // UNAVAILABLE
  [503, 14],
  [504, 4],
])
const UNKNOWN = 2

/**
 * What a refusal says to a client of gRPC besides its HTTP status: `grpc-status` and `grpc-message`.
 * @returns a flat list; empty where the request is no gRPC.
 * @see https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 */
export function grpcRefusal({ head }: Exchange, status: number, title: string): readonly string[] {
  if (!isGrpcType(head.headers.get('content-type') ?? '')) return []
  return [
    'grpc-status',
    String(STATUSES.get(status) ?? UNKNOWN),
    'grpc-message',
    encodeURIComponent(title).replaceAll('%20', ' '),
  ]
}
