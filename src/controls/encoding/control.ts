import { ConfigError } from '../../base/config-error.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { nextTurn } from '../../base/next-turn.ts'
import { isJson } from '../../http/media-type.ts'
import type { Operation } from '../../openapi/model.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import { answerType } from '../answer-type.ts'
import type { Kit } from '../kit.ts'
import { configureEncoding } from './config.ts'
import type { EncodingConfig } from './config.ts'
import { SafeCsv } from './csv.ts'
import { htmlSafeJson } from './html-json.ts'
import { markupParts } from './reflection.ts'

const BAD_GATEWAY = { status: 502, problem: 'bad_gateway', title: 'Bad gateway' } as const

/** Sees to it that answers are not executed where they are shown: by browsers, scripts of other sites, spreadsheets. */
export const encoding: Control<EncodingConfig, Kit> = {
  name: 'encoding',
  ids: ['OUT-06'],
  stage: 'filter',
  scope: 'operation',
  block: 'data',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    // Nothing was wrong with the answer: the access record tells of it.
    encoded: BAD_GATEWAY,
    csv_formula: { ...BAD_GATEWAY, event: 'sp_output_encoded', level: 'info' },
    jsonp: { ...BAD_GATEWAY, event: 'sp_output_encoded' },
    reflected_input: { ...BAD_GATEWAY, event: 'sp_output_encoded' },
  },
  configure: configureEncoding,
  compile: (config, site) =>
    site === undefined ? undefined : encodingGuard(config, isCsvSafe(site.operation)),
}

type Kind = 'json' | 'csv' | 'html' | 'script'

function encodingGuard({ encodesJson }: EncodingConfig, makesCsvSafe: boolean): Guard {
  const isWanted = (exchange: Exchange, response: UpstreamResponse): boolean => {
    const kind = kindOf(response)
    if (kind === undefined) return false
    if (exchange.query.pairs.length > 0 && kind !== 'csv') return true
    if (kind === 'html') return markupParts(exchange).length > 0
    return (kind === 'json' && encodesJson) || (kind === 'csv' && makesCsvSafe)
  }
  return {
    wantsResponseBody: isWanted,
    onResponseBody: (exchange, body) => {
      const { upstream } = exchange
      const kind = upstream === undefined ? undefined : kindOf(upstream)
      const bytes = exchange.replacement ?? body
      if (kind === undefined || bytes.length === 0) return undefined
      if (kind === 'csv') {
        return makesCsvSafe && upstream !== undefined ? csvDenial(bytes, upstream) : undefined
      }
      if (callsBack(exchange, bytes)) return JSONP
      if (kind === 'html') return reflects(exchange, bytes) ? REFLECTED : undefined
      if (kind !== 'json' || !encodesJson) return undefined
      const repair = htmlSafeJson(bytes)
      return repair === undefined ? undefined : { reason: 'encoded', repair }
    },
  }
}

const SCRIPTS: ReadonlySet<string> = new Set([
  'application/ecmascript',
  'application/javascript',
  'application/json-p',
  'application/x-javascript',
  'text/ecmascript',
  'text/javascript',
])

function kindOf({ headers }: UpstreamResponse): Kind | undefined {
  const essence = answerType(headers) ?? ''
  if (isJson(essence)) return 'json'
  if (essence === CSV || essence === TSV) return 'csv'
  if (essence === 'text/html' || essence === 'application/xhtml+xml') return 'html'
  return SCRIPTS.has(essence) ? 'script' : undefined
}

const JSONP: Denial = Object.freeze({
  reason: 'jsonp',
  detail: 'the answer calls a function that the query names',
})
const REFLECTED: Denial = Object.freeze({
  reason: 'reflected_input',
  detail: 'a page holds markup of the request as it came',
})

/** No call begins with it, and most answers do. */
const OPENS_OBJECT = 123

/** What may stand before the call, against sniffing. */
const CALL =
  /^\uFEFF?(?:\s|\/\*\*\/|;|typeof [\w$.]{1,100}\s*===?\s*['"]function['"]\s*&&)*([\w$.[\]]{1,100})\s*\(/

function callsBack({ query }: Exchange, bytes: Buffer): boolean {
  if (query.pairs.length === 0 || bytes[0] === OPENS_OBJECT) return false
  const [, name] = CALL.exec(bytes.toString('utf8', 0, 1024)) ?? []
  return name !== undefined && query.pairs.some(([, value]) => value === name)
}

function reflects(exchange: Exchange, bytes: Buffer): boolean {
  return markupParts(exchange).some((part) => bytes.includes(part))
}

const CSV = 'text/csv'
const TSV = 'text/tab-separated-values'
/** Cells that are looked at in one go, about a millisecond: others are served between. */
const SLICE_CELLS = 5000

function csvDenial(bytes: Buffer, { headers }: UpstreamResponse): MaybePromise<Denial | undefined> {
  const separators = answerType(headers) === TSV ? '\t' : ',;'
  // Byte by byte, whatever the charset: all that matters is ASCII.
  return repaired(new SafeCsv(bytes.toString('latin1'), separators))
}

function repaired(table: SafeCsv): MaybePromise<Denial | undefined> {
  if (!table.goOn(SLICE_CELLS)) return nextTurn().then(() => repaired(table))
  const { text } = table
  return text === undefined
    ? undefined
    : { reason: 'csv_formula', repair: Buffer.from(text, 'latin1') }
}

const CSV_SAFE = 'x-sallyport-csv-safe'

/** Said of the operation, or of the schema of a table that it answers. Throws `ConfigError`. */
function isCsvSafe({ extensions, responses, source }: Operation): boolean {
  const schemas = [...responses.values()].flatMap(({ content }) =>
    content.flatMap(({ type, schema }) => (type === CSV || type === TSV ? [schema?.schema] : [])),
  )
  const said = [extensions.get(CSV_SAFE), ...schemas.map(markOf)].filter((one) => one !== undefined)
  for (const one of said) {
    if (typeof one === 'boolean') continue
    const path = `${source.file}#${source.pointer}/${CSV_SAFE}`
    throw new ConfigError({ path, message: 'is neither true nor false' })
  }
  return said.includes(true)
}

function markOf(schema: unknown): unknown {
  return typeof schema === 'object' && schema !== null
    ? (schema as Readonly<Record<string, unknown>>)[CSV_SAFE]
    : undefined
}
