import type { MaybePromise } from '../../base/maybe-promise.ts'
import { parseMediaType } from '../../http/media-type.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'
import { callerRoles } from '../caller-roles.ts'
import { classAccess } from '../classes/class-access.ts'
import { readAccess } from '../fields/read-access.ts'
import { keysFor } from '../keyed-actions.ts'
import type { Kit } from '../kit.ts'
import { judgeSettled } from '../objects/ask-owner.ts'
import { ownersOf } from '../objects/owners.ts'
import { ownerFinder } from '../owner-test.ts'
import { shownViews } from '../shown-views.ts'
import { configureTables } from './config.ts'
import type { TablesConfig } from './config.ts'
import { showTable } from './show-table.ts'
import type { Settle, TableRules } from './show-table.ts'
import { CSV, isTable, siteTable } from './site-table.ts'
import type { SiteTable } from './site-table.ts'

const BAD_GATEWAY = { status: 502, problem: 'bad_gateway', title: 'Bad gateway' } as const
const FAIL = { event: 'authz_fail', level: 'warn' } as const

/** Shows of a table only the rows that are the caller's and the columns that it may read. */
export const tables: Control<TablesConfig, Kit> = {
  name: 'tables',
  ids: ['AZN-04', 'AZN-05', 'OUT-01'],
  stage: 'filter',
  scope: 'operation',
  block: 'authorize',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    foreign_row: { ...BAD_GATEWAY, ...FAIL },
    // What a caller does not see is no attack: the access record tells of it.
    hidden_cell: BAD_GATEWAY,
    formula: { ...BAD_GATEWAY, event: 'sp_output_encoded', level: 'info' },
    unreadable_table: { ...BAD_GATEWAY, event: 'sp_response_leak_blocked' },
    owner_unknown: { status: 503, problem: 'unavailable', title: 'Service unavailable' },
  },
  configure: configureTables,
  compile: (config, site, kit) => {
    const table = site === undefined ? undefined : siteTable(site, kit, config.policy)
    return site === undefined || table === undefined
      ? undefined
      : tableGuard(config, site, { table, kit })
  },
}

function tableGuard(
  { policy, isEnforced }: TablesConfig,
  site: Site,
  { table, kit }: { readonly table: SiteTable; readonly kit: Kit },
): Guard {
  const findOwner = ownerFinder(site, kit)
  const roles = callerRoles(policy)
  const views = [readAccess, classAccess(policy.data.classes)].flatMap(
    (access) => shownViews(table.rows, access, findOwner) ?? [],
  )
  const keys = keysFor(kit.dataKeys, policy.auth.tenantClaim)
  const find = (type: string) => ownersOf(site, kit)?.typeReadOf(site, type)
  const show = (exchange: Exchange, text: string): MaybePromise<Denial | undefined> => {
    const own = roles.of(exchange)
    const seen = views.flatMap((view) => view.of(own) ?? [])
    const rules: TableRules = { table, views: seen, keysFor: keys }
    const settle: Settle = (judge) => judgeSettled(exchange, judge, find)
    return showTable(exchange, { text, settle }, rules)
  }
  return {
    onResponse: (_exchange, response) =>
      response.status === 206 && isTable(response) ? PART : undefined,
    wantsResponseBody: (_exchange, response) => response.status < 300 && isTable(response),
    onResponseBody: (exchange, body) => {
      const text = textOf(exchange, exchange.replacement ?? body)
      if (text === undefined) return UNKNOWN_CHARSET
      return show(exchange, text)
    },
    ...(isEnforced && table.isOnly ? changesOf(site) : {}),
  }
}

const PART: Denial = Object.freeze({ reason: 'unreadable_table', detail: 'a part of a table' })
const UNKNOWN_CHARSET: Denial = Object.freeze({
  reason: 'unreadable_table',
  detail: 'its charset is not known here, or it is no answer that was declared',
})
const CHARSETS: ReadonlyMap<string, BufferEncoding> = new Map([
  ['utf-8', 'utf8'],
  ['utf8', 'utf8'],
  ['us-ascii', 'utf8'],
])

function textOf({ upstream }: Exchange, bytes: Buffer): string | undefined {
  const type = parseMediaType(upstream?.headers.get('content-type') ?? '')
  const charset = type?.parameters.get('charset')?.toLowerCase() ?? 'utf-8'
  const encoding = CHARSETS.get(charset)
  return encoding === undefined ? undefined : bytes.toString(encoding)
}

/** Asked about a part, or whether something changed, the API says yes or no of rows that nobody has judged. */
const ASKS_FOR_LESS: ReadonlySet<string> = new Set([
  'a-im',
  'accept',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
])

function changesOf({ operation }: Site): Guard {
  const isRead = operation.method === 'GET'
  return {
    ...(isRead
      ? {
          onRequest: (exchange) => {
            // The fields of an answer to HEAD tell of all rows.
            if (exchange.head.method === 'HEAD') exchange.upstreamMethod = 'GET'
            return undefined
          },
        }
      : {}),
    dropsRequestHeader: (name) => ASKS_FOR_LESS.has(name),
    onForward: (_exchange, headers) => void headers.push('accept', CSV),
    dropsResponseHeader: (name) => name === 'x-total-count' || name === 'etag',
  }
}
