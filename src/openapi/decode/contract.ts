import type { QueryPair } from '../../http/query.ts'
import type { ApiModel, Parameter, SchemaRef, SecurityScheme } from '../model.ts'
import type { SchemaCompiler } from '../schema/compiler.ts'
import type { Validate } from '../schema/contract.ts'
import { createTextTypes } from './text-type.ts'
import type { TextTypes } from './text-type.ts'

/** What decoders are compiled with; one for each API, so that its files are indexed once. */
export interface DecodeDeps {
  readonly types: TextTypes
  /** The strict request validator of a schema. */
  readonly validator: (schema: SchemaRef) => Validate
  readonly securitySchemes: ReadonlyMap<string, SecurityScheme>
  /** The largest number that a parameter may be, beside what its schema says; absent: its schema alone says. */
  readonly largest?: (parameter: Parameter) => number | undefined
}

/** Prepares the compilation of decoders for one API; `compiler` is the one for strict requests. */
export function createDecodeDeps(
  api: Pick<ApiModel, 'securitySchemes'>,
  compiler: SchemaCompiler,
): DecodeDeps {
  return {
    types: createTextTypes(compiler.resources),
    validator: (schema) => compiler.validator(schema),
    securitySchemes: api.securitySchemes,
  }
}

/** The parts of a request that carry parameters. */
export interface ParameterInput {
  /** Values of the template's variables in its order: canonical, still percent-encoded, as the router cut them. */
  readonly path: readonly string[]
  /** The canonical query, see `canonicalQuery` of `src/http`. */
  readonly query: readonly QueryPair[]
  /** Every value of a header field, by lower-case name; empty when absent. */
  readonly header: (lowerName: string) => readonly string[]
}

/** Typed values by place; null-prototype objects. Header names as the document writes them, in lower case. */
export interface DecodedParameters {
  readonly path: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly header: Readonly<Record<string, unknown>>
  readonly cookie: Readonly<Record<string, unknown>>
}

export type FaultPlace = keyof DecodedParameters

/** One way in which the parameters break the document. Holds no value of the request. */
export interface ParameterFault {
  readonly place: FaultPlace
  /** Name of the parameter; for an unknown one, the name that was sent, at most 64 characters. */
  readonly name: string
  /** Place inside a structured value, as JSON Pointer; empty for the whole. */
  readonly pointer: string
  readonly message: string
  /** `required`, `unknown`, `duplicate`, `name`, `style`, `type`, `json`, or the schema keyword that failed. */
  readonly keyword: string
}

/** What a decoder found: all values, or the faults with the values that are right nevertheless (for monitoring). */
export type DecodeResult =
  | { readonly values: DecodedParameters }
  | { readonly faults: readonly ParameterFault[]; readonly partial: DecodedParameters }

/** Decodes and validates the parameters of one operation. Never throws. At most 32 faults. */
export type ParameterDecoder = (input: ParameterInput) => DecodeResult

/** Why a body could not be decoded; stable codes for the log. */
export interface BodyFault {
  readonly keyword: string
  /** JSON Pointer of the field at fault; empty for the whole body. */
  readonly pointer: string
  readonly message: string
}
