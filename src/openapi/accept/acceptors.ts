import type { JsonLimits } from '../../http/json-limits.ts'
import type { SchemaRef } from '../model.ts'
import type { Builder } from '../schema/node.ts'
import type { Acceptor } from './acceptor-compiler.ts'
import { AcceptorCompiler } from './acceptor-compiler.ts'

/** One kernel for each compiler of schemas, and each kind of limits: operations share their schemas. */
const compilers = new WeakMap<Builder, AcceptorCompiler[]>()

/**
 * What says of requests that they surely are JSON within the limits and fit the schema as `schemas` compiles it, without
 * making a value of them; `undefined` where nothing can be said.
 */
export function acceptorOf(
  schemas: Builder,
  ref: SchemaRef,
  limits: JsonLimits,
): Acceptor | undefined {
  const known = compilers.get(schemas) ?? []
  const compiler = known.find((one) => one.holds(limits)) ?? AcceptorCompiler.make(schemas, limits)
  if (compiler === undefined) return undefined
  if (!known.includes(compiler)) compilers.set(schemas, [...known, compiler])
  return compiler.acceptor(ref, limits)
}
