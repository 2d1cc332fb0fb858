import { ConfigError } from '../../base/config-error.ts'
import { formatHttpDate } from '../../http/http-date.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { configureLifecycle } from './config.ts'
import type { LifecycleConfig } from './config.ts'

/** Announces that operations are deprecated, and ends them at their sunset (RFC 9745, RFC 8594). */
export const lifecycle: Control<LifecycleConfig, Kit> = {
  name: 'lifecycle',
  ids: ['RTE-05'],
  stage: 'route',
  scope: 'operation',
  block: undefined,
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    sunset: { status: 410, problem: 'gone', title: 'Gone', event: 'sp_deprecated_use' },
  },
  configure: configureLifecycle,
  compile: (_config, site, kit) => (site === undefined ? undefined : lifecycleGuard(site, kit)),
}

const GONE: Denial = Object.freeze({ reason: 'sunset' })

interface Life {
  /** Milliseconds since the epoch. */
  readonly sinceMs: number | undefined
  readonly sunsetMs: number | undefined
  readonly link: string | undefined
}

function lifecycleGuard(site: Site, { clock }: Kit): Guard | undefined {
  const life = lifeOf(site)
  if (life === undefined) return undefined
  const headers = announcements(life)
  const { sunsetMs } = life
  return {
    onRequest: () => (sunsetMs !== undefined && clock.nowMs() >= sunsetMs ? GONE : undefined),
    onAnswer: (_exchange, out) => void out.push(...headers),
  }
}

const UNSAID: Life = { sinceMs: undefined, sunsetMs: undefined, link: undefined }

function lifeOf(site: Site): Life | undefined {
  const { operation } = site
  const said = operation.extensions.get(EXTENSION)
  if (said === undefined || said === true) {
    return said === true || operation.deprecated ? UNSAID : undefined
  }
  if (said === false) return undefined
  const fields = fieldsOf(site, said)
  const life = {
    sinceMs: dateOf(site, fields, 'since'),
    sunsetMs: dateOf(site, fields, 'sunset'),
    link: linkOf(site, fields),
  }
  if (life.sinceMs !== undefined && life.sunsetMs !== undefined && life.sunsetMs < life.sinceMs) {
    throw fault(
      site,
      'the sunset is before the deprecation',
      'RFC 9745 section 4: sunset must not come first',
    )
  }
  return life
}

const EXTENSION = 'x-sallyport-deprecated'
const FIELDS: readonly string[] = ['since', 'sunset', 'link']

/** A misspelled `sunset` would keep an operation alive for ever: unknown names are refused. */
function fieldsOf(site: Site, said: unknown): ReadonlyMap<string, unknown> {
  const isObject = typeof said === 'object' && said !== null && !Array.isArray(said)
  const entries = isObject ? Object.entries(said) : []
  const unknown = entries.find(([name]) => !FIELDS.includes(name))?.[0]
  if (!isObject) throw fault(site, 'is no object', 'write { since, sunset, link }')
  if (unknown !== undefined)
    throw fault(site, `does not know "${unknown}"`, `one of ${FIELDS.join(', ')}`)
  return new Map(entries)
}

function linkOf(site: Site, fields: ReadonlyMap<string, unknown>): string | undefined {
  const link = fields.get('link')
  if (link === undefined) return undefined
  if (typeof link === 'string' && /^[\x21\x23-\x3b\x3d\x3f-\x7e]+$/.test(link)) return link
  throw fault(site, 'link is no URI', 'write it as https://docs.example.com/migrate')
}

/** RFC 3339: a day, which begins at midnight UTC, or a moment with its zone; nothing that depends on the machine. */
const DATE = /^\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d))?$/

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function isDate(text: string): boolean {
  const day = text.slice(0, 10)
  const dayMs = DATE.test(text) ? Date.parse(day) : Number.NaN
  return !Number.isNaN(dayMs) && new Date(dayMs).toISOString().startsWith(day)
}

function dateOf(
  site: Site,
  fields: ReadonlyMap<string, unknown>,
  name: string,
): number | undefined {
  const text = fields.get(name)
  if (text === undefined) return undefined
  const ms = typeof text === 'string' && isDate(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms))
    throw fault(site, `${name} ${JSON.stringify(text)} is no date`, 'write it as "2027-03-01"')
  return ms
}

function fault(site: Site, message: string, cure: string): ConfigError {
  const { file } = site.operation.source
  return new ConfigError({
    path: `${site.operation.id} ${EXTENSION}`,
    message,
    cure,
    file,
  })
}

/** Without a date the field says that it is deprecated since the epoch: RFC 9745 wants a date. */
function announcements(life: Life): string[] {
  const headers = ['Deprecation', `@${Math.floor((life.sinceMs ?? 0) / 1000)}`]
  if (life.sunsetMs !== undefined) headers.push('Sunset', formatHttpDate(life.sunsetMs))
  if (life.link === undefined) return headers
  headers.push('Link', `<${life.link}>; rel="deprecation"`)
  // RFC 8594 section 6
  if (life.sunsetMs !== undefined) headers.push('Link', `<${life.link}>; rel="sunset"`)
  return headers
}
