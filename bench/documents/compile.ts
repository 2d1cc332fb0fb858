// Compiles everything a gateway would compile for a loaded document, and tries its examples.
import { compileFormBody } from '../../src/openapi/decode/form.ts'
import { createDecodeDeps } from '../../src/openapi/decode/contract.ts'
import { compileMultipart } from '../../src/openapi/decode/multipart.ts'
import { compileParameters } from '../../src/openapi/decode/parameters.ts'
import type { ApiModel, Finding, MediaType, Operation } from '../../src/openapi/model.ts'
import { items, own, ownString } from '../../src/openapi/load/json-value.ts'
import { readPointer } from '../../src/openapi/load/pointer.ts'
import { SchemaCompiler } from '../../src/openapi/schema/compiler.ts'
import { FilterCompiler } from '../../src/openapi/schema/filter.ts'
import { KernelCounter } from './kernel-cover.ts'
import type { KernelCover } from './kernel-cover.ts'

/** Request examples of one document: valid under their own schema, and of these accepted by the strict validator. */
export interface Examples {
  valid: number
  accepted: number
  /** Refused for nothing but fields that their schema does not declare [VAL-03]. */
  undeclared: number
  readonly refused: string[]
}

/** What compiling one document said. */
export interface Compiled {
  readonly findings: readonly Finding[]
  readonly examples: Examples
  readonly kernel: KernelCover
}

interface Tools {
  readonly strict: SchemaCompiler
  readonly plain: SchemaCompiler
  readonly responses: SchemaCompiler
  readonly examples: Examples
}

/** Compiles validators, filters and decoders of every operation. */
export function compileAll(api: ApiModel): Compiled {
  const findings: Finding[] = []
  const make = (
    direction: 'request' | 'response',
    unknownFields: 'refuse' | 'allow',
  ): SchemaCompiler =>
    new SchemaCompiler({
      registry: api.registry,
      direction,
      unknownFields,
      formats: true,
      report: (finding) => findings.push(finding),
    })
  const tools: Tools = {
    strict: make('request', 'refuse'),
    plain: make('request', 'allow'),
    responses: make('response', 'allow'),
    examples: { valid: 0, accepted: 0, undeclared: 0, refused: [] },
  }
  const deps = createDecodeDeps(api, tools.strict)
  const filters = new FilterCompiler(tools.responses)
  const kernels = new KernelCounter()
  for (const operation of api.operations) {
    compileParameters(operation, deps)
    for (const media of operation.requestBody?.content ?? []) {
      compileRequest(operation, { ...media, examples: examplesOf(api, media) }, tools)
      if (media.type === 'application/x-www-form-urlencoded') compileFormBody(media, deps)
      if (media.type === 'multipart/form-data') compileMultipart(media, deps)
    }
    for (const { type, schema } of [...operation.responses.values()].flatMap(
      (one) => one.content,
    )) {
      if (schema === undefined) continue
      tools.responses.validator(schema)
      filters.filter(schema)
      if (/json|\*/.test(type)) kernels.add(filters.placeOf(schema)?.place)
    }
  }
  return { findings, examples: tools.examples, kernel: kernels.cover }
}

/** Examples of the media type, and of its schema. */
function examplesOf(api: ApiModel, media: MediaType): readonly unknown[] {
  let schema = media.schema?.schema
  for (let hop = 0; hop < 8; hop++) {
    const ref = ownString(schema, '$ref')
    if (ref === undefined || !ref.startsWith('#/')) break
    schema = readPointer(api.registry.resource(media.schema?.uri ?? '')?.root, ref.slice(1))
  }
  const single = own(schema, 'example')
  return [
    ...media.examples,
    ...(single === undefined ? [] : [single]),
    ...items(own(schema, 'examples')),
  ]
}

function compileRequest(operation: Operation, media: MediaType, tools: Tools): void {
  if (media.schema === undefined) return
  const strict = tools.strict.validator(media.schema)
  if (media.examples.length === 0 || !/[/+]json$/.test(media.type)) return
  const plain = tools.plain.validator(media.schema)
  for (const example of media.examples) {
    if (plain(example) !== undefined) continue
    tools.examples.valid++
    const violations = strict(example)
    if (violations === undefined) tools.examples.accepted++
    else {
      if (violations.every((one) => one.keyword === 'unevaluatedProperties'))
        tools.examples.undeclared++
      const what = violations.slice(0, 3).map((one) => `${one.keyword} ${one.pointer}`)
      tools.examples.refused.push(`${operation.id}: ${what.join(', ')}`)
    }
  }
}
