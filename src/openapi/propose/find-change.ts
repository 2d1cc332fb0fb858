import { matchMediaType, parseMediaType } from '../../http/media-type.ts'
import { readSchemaText } from '../infer/schema-text.ts'
import type { ApiModel } from '../model.ts'
import type { Difference, Outcome } from './change.ts'
import { byHand, proposed, SETTLED } from './change.ts'
import { bodyOutcome } from './find-in-schema.ts'
import type { BodyKind, BodySide } from './find-in-schema.ts'
import { parameterOutcome } from './find-parameter.ts'
import type { Input, ProposeOptions } from './input.ts'
import { placeOf } from './places.ts'
import { secretNames } from './secret-names.ts'

/** What is to become of one difference: a change, or why there is none. Never throws. */
export function outcomeOf(
  model: ApiModel,
  difference: Difference,
  options: ProposeOptions,
): Outcome {
  const operation = model.operations.find(({ id }) => id === difference.operation)
  if (operation === undefined) return byHand('the document has no such operation any more')
  const shape = readSchemaText(difference.sample)
  const input: Input = { model, operation, difference, shape, options }
  switch (difference.kind) {
    case 'request-undeclared-body':
      return undeclaredBody(input)
    case 'request-unknown-field':
    case 'request-type':
    case 'request-missing-field':
    case 'request-constraint':
      return inRequestBody(input, REQUEST_KINDS[difference.kind])
    case 'request-unknown-parameter':
    case 'parameter-type':
    case 'parameter-missing':
    case 'parameter-constraint':
      return parameterOutcome(input)
    case 'response-undeclared-field':
    case 'response-type':
    case 'response-open-schema':
      return inResponseBody(input, RESPONSE_KINDS[difference.kind])
    case 'response-undeclared-status':
    case 'response-undeclared-media-type':
      return undeclaredAnswer(input)
    case 'response-undeclared-cookie':
      return undeclaredCookie(input)
    default:
      return withoutChange(difference)
  }
}

const REQUEST_KINDS = {
  'request-unknown-field': 'unknown-field',
  'request-type': 'type',
  'request-missing-field': 'missing-field',
  'request-constraint': 'constraint',
} as const

const RESPONSE_KINDS = {
  'response-undeclared-field': 'unknown-field',
  'response-type': 'type',
  'response-open-schema': 'open',
} as const

function withoutChange({ kind, pointer }: Difference): Outcome {
  if (kind === 'response-secret-field') return { state: 'kept-out', why: 'named like a secret' }
  if (kind === 'response-undeclared-error') {
    const why =
      'answers of failed calls teach nothing; undeclared ones keep their status, their body is replaced'
    return { state: 'note', why }
  }
  if (kind === 'undeclared-operation')
    return {
      state: 'note',
      why: 'refused with 404; anybody can ask for anything, so it is not proposed',
    }
  if (kind === 'wrong-base-path')
    return { state: 'note', why: 'refused with 404; if clients use it, set basePath' }
  if (kind === 'response-foreign-redirect')
    return byHand('redirects to another host will be refused')
  return byHand(`${pointer} would refuse such calls; the document cannot say otherwise`)
}

/** `200 application/json#/name` in its parts. */
function partsOfPointer(pointer: string): { status: string; type: string; rest: string } {
  const [, status = '', type = '', rest = ''] =
    /^(\d{3}|[1-5]XX|default)(?: ([^ #]+))?(?:#(.*))?$/.exec(pointer) ?? []
  return { status, type, rest }
}

function inResponseBody(input: Input, kind: BodyKind): Outcome {
  const { operation, difference } = input
  const { status, type, rest } = partsOfPointer(difference.pointer)
  const media = operation.responses.get(status)?.content.find((one) => one.type === type)
  const response = operation.responses.get(status)
  if (response === undefined) return SETTLED
  if (media === undefined) return SETTLED
  const side: BodySide = { name: 'response', media, owner: response.source }
  return bodyOutcome(input, side, { kind, path: rest })
}

function inRequestBody(input: Input, kind: BodyKind): Outcome {
  const { operation, difference } = input
  const [, type = '', rest = ''] = /^([^#]*)#(.*)$/.exec(difference.pointer) ?? []
  const { requestBody } = operation
  const matched = matchedType(requestBody?.content.map((one) => one.type) ?? [], type)
  const media = requestBody?.content.find((one) => one.type === matched)
  if (media === undefined || requestBody === undefined) return SETTLED
  const side: BodySide = { name: 'request', media, owner: requestBody.source }
  return bodyOutcome(input, side, { kind, path: rest })
}

function matchedType(declared: readonly string[], type: string): string | undefined {
  const actual = parseMediaType(type)
  return actual === undefined ? undefined : matchMediaType(declared, actual)
}

function undeclaredBody({ model, operation, difference, shape }: Input): Outcome {
  const mediaType = difference.pointer
  if (parseMediaType(mediaType) === undefined) return byHand('a body without a media type')
  const { requestBody } = operation
  if (requestBody === undefined) {
    const at = placeOf(model, operation.source)
    return proposed({ action: 'add-body', at, mediaType, shape })
  }
  const declared = requestBody.content.map((one) => one.type)
  if (matchedType(declared, mediaType) !== undefined) return SETTLED
  const at = placeOf(model, requestBody.source)
  return proposed({ action: 'add-media-type', at, mediaType, shape })
}

function undeclaredAnswer(input: Input): Outcome {
  const { model, operation, difference, shape, options } = input
  const { status, type } = partsOfPointer(difference.pointer)
  const secrets = secretNames(shape, options.isSecret)
  if (secrets.length > 0) return { state: 'kept-out', why: `holds ${secrets.join(', ')}` }
  const mediaType = type === '' ? undefined : type
  const response = operation.responses.get(status)
  if (response === undefined) {
    const at = placeOf(model, operation.source)
    return proposed({ action: 'add-response', at, name: status, mediaType, shape })
  }
  if (difference.kind === 'response-undeclared-status') return SETTLED
  if (mediaType === undefined) return byHand(`${status} came without a media type`)
  const declared = response.content.map((one) => one.type)
  if (matchedType(declared, mediaType) !== undefined) return SETTLED
  const at = placeOf(model, response.source)
  return proposed({ action: 'add-media-type', at, mediaType, shape })
}

function undeclaredCookie({ model, operation, difference }: Input): Outcome {
  const [status = ''] = difference.pointer.split(' ')
  const { responses, source } = operation
  if ([...responses.values()].some(({ headers }) => headers.has('set-cookie'))) return SETTLED
  const response =
    responses.get(status) ?? responses.get(`${status[0]}XX`) ?? responses.get('default')
  const at = placeOf(model, response?.source ?? source)
  return proposed({
    action: 'declare-cookies',
    at,
    name: response === undefined ? status : '',
  })
}
