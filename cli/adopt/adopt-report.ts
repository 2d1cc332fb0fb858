import { existsSync } from 'node:fs'
import { isSecretName } from '../../src/controls/leaks/config.ts'
import { isPublic as isPublicOperation } from '../../src/openapi/is-public.ts'
import { NO_OPERATION } from '../../src/gateway/adopt/kinds.ts'
import type { LoadedConfig } from '../../src/gateway/config/load-config.ts'
import type { LoadedApi } from '../../src/gateway/load-apis.ts'
import type { ApiModel, Operation } from '../../src/openapi/model.ts'
import { propose } from '../../src/openapi/propose/propose.ts'
import type { Judged, OverlayAction } from '../../src/openapi/propose/propose.ts'
import { openedRecords } from '../../src/store/open-store.ts'
import type { AdoptFinding, AdoptRecords, Graduation } from '../../src/store/records.ts'
import { CommandError } from '../failure.ts'

/** One finding with what becomes of it. */
export interface FindingView {
  readonly kind: string
  readonly pointer: string
  readonly count: number
  /** RFC 3339, UTC. */
  readonly lastSeen: string
  readonly outcome: 'proposed' | 'settled' | 'kept-out' | 'by-hand' | 'note'
  readonly why: string
}

/** One operation as its traffic shows it. */
export interface OperationView {
  readonly api: string
  readonly operation: string
  readonly isPublic: boolean
  /** `graduated`: enforced; `open`: enforcement would change something; `quiet`: it would not; `unused`: no call yet. */
  readonly state: 'graduated' | 'open' | 'quiet' | 'unused'
  readonly calls: number
  /** Calls that teach: with a credential (or public), and taken by the API. */
  readonly goodCalls: number
  readonly findings: readonly FindingView[]
}

/** What `sallyport adopt` has to say. */
export interface AdoptReport {
  /** RFC 3339; `null` without the profile. */
  readonly until: string | null
  readonly open: number
  readonly operations: readonly OperationView[]
  /** Requests that reached no operation. */
  readonly undeclared: readonly FindingView[]
  readonly proposals: readonly {
    readonly api: string
    readonly actions: readonly OverlayAction[]
  }[]
}

/** Narrows a report to one API or operation. */
export interface ReportFilter {
  readonly api: string | undefined
  /** `OPERATION` or `API:OPERATION`. */
  readonly operation: string | undefined
}

/**
 * Runs `use` with the books of the configuration's store. Without a database there are none yet.
 * Throws `CommandError` where the books live in the memory of the gateway.
 */
export async function withRecords<T>(
  { settings }: LoadedConfig,
  use: (records: AdoptRecords) => Promise<T>,
): Promise<T> {
  const { store } = settings
  if (store.kind === 'memory') {
    throw new CommandError(
      'store is memory: what was learnt lives in the running gateway alone',
      'write store: sqlite:./sallyport.db',
    )
  }
  const isMade = store.kind !== 'sqlite' || existsSync(store.path)
  const records = await openedRecords(isMade ? store : { kind: 'memory' }, Date.now())
  try {
    return await use(records.adopt)
  } finally {
    await records.close()
  }
}

/** Puts together what the books say about the documents as they are now. */
export async function adoptReport(
  loaded: LoadedConfig,
  apis: readonly LoadedApi[],
  input: { readonly records: AdoptRecords; readonly filter: ReportFilter },
): Promise<AdoptReport> {
  const { records, filter } = input
  const findings = await records.list()
  const books: Books = {
    findings,
    graduations: await records.graduations(),
    configured: loaded.settings.profile?.graduated ?? new Set(),
  }
  const parts = apis
    .filter(({ runtime }) => filter.api === undefined || runtime.model.name === filter.api)
    .map(({ runtime }) => apiPart(runtime.model, books, filter))
  const operations = parts.flatMap((part) => part.operations)
  const { profile } = loaded.settings
  return {
    until: profile === undefined ? null : new Date(profile.untilMs).toISOString(),
    open: operations.filter(({ state }) => state === 'open').length,
    operations,
    undeclared: undeclared(findings),
    proposals: parts.map(({ api, actions }) => ({ api, actions })),
  }
}

interface Books {
  readonly findings: readonly AdoptFinding[]
  readonly graduations: readonly Graduation[]
  readonly configured: ReadonlySet<string>
}

interface ApiPart {
  readonly api: string
  readonly operations: readonly OperationView[]
  readonly actions: readonly OverlayAction[]
}

const COUNTS: ReadonlySet<string> = new Set(['calls', 'good-calls'])

function apiPart(model: ApiModel, books: Books, filter: ReportFilter): ApiPart {
  const isMeant = (id: string): boolean =>
    filter.operation === undefined || namesOperation(filter.operation, model.name, id)
  const isGraduated = (id: string): boolean =>
    books.graduations.some(({ api, operation }) => api === model.name && operation === id) ||
    books.configured.has(id) ||
    books.configured.has(`${model.name}:${id}`)
  const own = books.findings.filter(
    ({ api, operation }) => api === model.name && isMeant(operation),
  )
  const differences = own.filter(
    ({ kind, operation }) => !COUNTS.has(kind) && !isGraduated(operation),
  )
  const { judged, actions } = propose(model, differences, { isSecret: isSecretName })
  const operations = model.operations
    .filter(({ id }) => isMeant(id))
    .map((operation) => operationView(operation, { own, judged, isGraduated }))
  return { api: model.name, operations, actions: withPublicMark(actions, model) }
}

/** Whether a name that a person typed means an operation. */
export function namesOperation(typed: string, api: string, id: string): boolean {
  return typed === id || typed === `${api}:${id}`
}

function operationView(
  operation: Operation,
  seen: {
    readonly own: readonly AdoptFinding[]
    readonly judged: readonly Judged<AdoptFinding>[]
    readonly isGraduated: (id: string) => boolean
  },
): OperationView {
  const { id, api } = operation
  const count = (kind: string): number =>
    seen.own
      .filter((finding) => finding.operation === id && finding.kind === kind)
      .reduce((sum, finding) => sum + finding.count, 0)
  const findings = seen.judged
    .filter(({ difference }) => difference.operation === id)
    .map(findingView)
  const calls = count('calls')
  const isOpen = findings.some(isOpenFinding)
  const state = seen.isGraduated(id)
    ? 'graduated'
    : isOpen
      ? 'open'
      : calls === 0
        ? 'unused'
        : 'quiet'
  const isOpenToAll = isPublicOperation(operation)
  return {
    api,
    operation: id,
    isPublic: isOpenToAll,
    state,
    calls,
    goodCalls: count('good-calls'),
    findings,
  }
}

function findingView({ difference, outcome }: Judged<AdoptFinding>): FindingView {
  const { kind, pointer, count, lastAtMs } = difference
  return {
    kind,
    pointer,
    count,
    lastSeen: new Date(lastAtMs).toISOString(),
    outcome: outcome.state,
    why: 'why' in outcome ? outcome.why : '',
  }
}

/** Whether enforcement would still change something that a person has not decided. */
function isOpenFinding({ kind, outcome }: FindingView): boolean {
  if (outcome === 'kept-out') return kind !== 'response-secret-field'
  return outcome === 'proposed' || outcome === 'by-hand'
}

function undeclared(findings: readonly AdoptFinding[]): FindingView[] {
  return findings
    .filter(({ api }) => api === NO_OPERATION.api)
    .map((difference) =>
      findingView({ difference, outcome: { state: 'note', why: 'refused with 404' } }),
    )
}

/** Everybody may call a public operation, so everybody may have taught it. */
function withPublicMark(
  actions: readonly OverlayAction[],
  { operations }: ApiModel,
): readonly OverlayAction[] {
  const open = new Set(operations.filter(isPublicOperation).map(({ id }) => id))
  return actions.map((action) =>
    action.operations.some((id) => open.has(id))
      ? { ...action, description: `Public traffic, look twice. ${action.description}` }
      : action,
  )
}
