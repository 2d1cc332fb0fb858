import type { Dialect, Finding, SchemaRef } from '../model.ts'
import { SchemaCompiler } from './compiler.ts'
import type { CompileOptions } from './contract.ts'

/** A document in memory for tests: compiles the schemas at its pointers and keeps what was reported. */
export interface Fixture {
  readonly compiler: SchemaCompiler
  readonly findings: Finding[]
  ref(pointer: string): SchemaRef
}

const URI = 'test:document'

/** Makes a one-file document; strict requests with formats unless `options` say otherwise. Tests only. */
export function makeFixture(
  root: unknown,
  dialect: Dialect,
  options: Partial<CompileOptions> = {},
): Fixture {
  const findings: Finding[] = []
  const compiler = new SchemaCompiler({
    registry: { resource: (uri) => (uri === URI ? { root, dialect } : undefined) },
    direction: 'request',
    unknownFields: 'refuse',
    formats: true,
    report: (finding) => findings.push(finding),
    ...options,
  })
  return {
    compiler,
    findings,
    ref: (pointer) => ({ uri: URI, pointer, schema: at(root, pointer) }),
  }
}

function at(root: unknown, pointer: string): unknown {
  let value = root
  for (const token of pointer.split('/').slice(1)) value = Object(value)[token]
  return value
}
