import { loadApi } from '../load-api.ts'
import type { ApiModel, Operation } from '../model.ts'
import { SchemaCompiler } from '../schema/compiler.ts'
import { createDecodeDeps } from './contract.ts'
import type { DecodeDeps } from './contract.ts'

/** For tests: the one operation of a document written in place, with what decoders are compiled with. */
export function testOperation(
  operation: object,
  {
    path = '/a',
    openapi = '3.1.0',
    components = {},
  }: { path?: string; openapi?: string; components?: object } = {},
): {
  readonly api: ApiModel
  readonly operation: Operation
  readonly deps: DecodeDeps
  readonly compiler: SchemaCompiler
} {
  const responses = { 200: { description: 'fine' } }
  const paths = { [path]: { post: { responses, ...operation } } }
  const document = { openapi, info: { title: 'Test', version: '1' }, paths, components }
  const read = (): string => JSON.stringify(document)
  const api = loadApi({ name: 'test', file: '/test.json', overlays: [], read })
  const [only] = api.operations
  if (only === undefined) throw new Error('the test document has no operation')
  const compiler = new SchemaCompiler({
    registry: api.registry,
    direction: 'request',
    unknownFields: 'refuse',
    formats: true,
    report: (finding) => {
      if (finding.severity === 'error') throw new Error(finding.message)
    },
  })
  return { api, operation: only, deps: createDecodeDeps(api, compiler), compiler }
}
