import { typesOf } from '../infer/inferred-schema.ts'
import type { InferredSchema } from '../infer/inferred-schema.ts'
import type { Parameter } from '../model.ts'
import type { Outcome } from './change.ts'
import { byHand, proposed, SETTLED } from './change.ts'
import type { Input } from './input.ts'
import { constraintAt } from './find-in-schema.ts'
import { declaredTypes } from './find-type.ts'
import { placeOf } from './places.ts'
import { follow } from './schema-walk.ts'

/** What a difference of a parameter asks for. */
export function parameterOutcome(input: Input): Outcome {
  const { operation, difference } = input
  const [place = '', keyword = ''] = difference.pointer.split(' ')
  const [, where = '', name = ''] = /^(\w+)\/(.*)$/s.exec(place) ?? []
  const parameter = operation.parameters.find((one) => one.place === where && one.name === name)
  if (difference.kind === 'request-unknown-parameter') return unknown(input, name, parameter)
  if (parameter === undefined) return byHand('a part of a structured parameter')
  if (difference.kind === 'parameter-missing') return missing(input, parameter)
  const schema =
    parameter.schema === undefined ? undefined : follow(input.model.registry, parameter.schema)
  if (difference.kind === 'parameter-constraint') {
    return KEYWORDS_OF_DECODER.has(keyword)
      ? byHand(`it is not written as the document says (${keyword})`)
      : constraintAt(input, schema, keyword)
  }
  if (schema === undefined || declaredTypes(schema.schema).includes('string')) return SETTLED
  return proposed({ action: 'retype-parameter', at: schema, shape: textShape(input.shape) })
}

/** What the decoder says about the form of a parameter: no schema can cure it. */
const KEYWORDS_OF_DECODER: ReadonlySet<string> = new Set(['duplicate', 'style', 'json', 'name'])

function unknown(
  { model, operation, shape, options }: Input,
  name: string,
  known: Parameter | undefined,
): Outcome {
  if (known !== undefined) return SETTLED
  if (name === '*') return byHand('its name is data')
  if (options.isSecret(name)) return { state: 'kept-out', why: 'secrets do not belong into a URL' }
  const at = placeOf(model, operation.source)
  return proposed({ action: 'add-parameter', at, name, shape: textShape(shape) })
}

function missing({ model }: Input, { required, place, source }: Parameter): Outcome {
  if (!required) return SETTLED
  if (place === 'path') return byHand('a path parameter is always required')
  return proposed({ action: 'parameter-optional', at: placeOf(model, source) })
}

/** Texts that were of several types are texts. */
function textShape(shape: InferredSchema): InferredSchema {
  const types = typesOf(shape)
  const one = (type: InferredSchema['type']): InferredSchema => ({
    type: typeof type === 'string' ? type : 'string',
  })
  if (types.includes('array')) return { type: 'array', items: one(shape.items?.type) }
  return one(shape.type)
}
