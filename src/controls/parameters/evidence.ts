import type { CanonicalQuery } from '../../http/query.ts'
import { formDecode } from '../../http/percent.ts'
import type { ParameterFault } from '../../openapi/decode/contract.ts'
import { isFieldName } from '../../openapi/infer/field-name.ts'
import { inferTexts } from '../../openapi/infer/infer-schema.ts'
import { schemaText } from '../../openapi/infer/schema-text.ts'
import type { Evidence } from '../../pipeline/evidence.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { constraintAt, NO_SHAPE } from '../adopt-evidence.ts'

/** What parameters that break the document say about it. Values are looked at only for their type. */
export function parameterEvidence(
  { query, head }: Exchange,
  faults: readonly ParameterFault[],
): Evidence[] {
  return faults.map(({ place, name, pointer, keyword }): Evidence => {
    const at = `${place}/${keyword === 'unknown' ? generalName(name) : name}${pointer}`
    const textsOf = (): readonly string[] =>
      place === 'query' ? queryTexts(query, name) : place === 'header' ? head.headers.all(name) : []
    if (keyword === 'unknown')
      return { kind: 'request-unknown-parameter', pointer: at, sample: shapeOf(textsOf()) }
    if (keyword === 'type')
      return { kind: 'parameter-type', pointer: at, sample: shapeOf(textsOf()) }
    if (keyword === 'required') return { kind: 'parameter-missing', pointer: at, sample: NO_SHAPE }
    return constraintAt('parameter-constraint', at, keyword)
  })
}

/** Names that callers made up may hold data. */
function generalName(name: string): string {
  return isFieldName(name.replaceAll(/[[\]]/g, '')) ? name : '*'
}

function shapeOf(texts: readonly string[]): string {
  return texts.length === 0 ? '{"type":"string"}' : schemaText(inferTexts(texts))
}

function queryTexts({ pairs }: CanonicalQuery, name: string): readonly string[] {
  return pairs.filter(([key]) => formDecode(key) === name).map(([, value]) => formDecode(value))
}
