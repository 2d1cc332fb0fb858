import { ConfigError } from '../../base/config-error.ts'
import { formatHttpDate } from '../../http/http-date.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
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
  const gone = {
    reason: 'sunset',
    headers: life.link === undefined ? [] : linkHeader(life.link, 'successor-version'),
  }
  return {
    onRequest: () => (sunsetMs !== undefined && clock.nowMs() >= sunsetMs ? gone : undefined),
    onAnswer: (_exchange, out) => void out.push(...headers),
  }
}

function lifeOf(site: Site): Life | undefined {
  const { operation } = site
  const said = operation.extensions.get('x-sallyport-deprecated')
  if (said === undefined) {
    return operation.deprecated
      ? { sinceMs: undefined, sunsetMs: undefined, link: undefined }
      : undefined
  }
  const fields = typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {}
  const life = {
    sinceMs: dateOf(site, fields, 'since'),
    sunsetMs: dateOf(site, fields, 'sunset'),
    link: linkOf(fields),
  }
  if (life.sinceMs !== undefined && life.sunsetMs !== undefined && life.sunsetMs < life.sinceMs) {
    throw fault(
      site,
      'the sunset is before the deprecation',
      'RFC 9745 section 3.2: sunset must not come first',
    )
  }
  return life
}

function linkOf(fields: Readonly<Record<string, unknown>>): string | undefined {
  const { link } = fields
  return typeof link === 'string' && /^[\x21\x23-\x3b\x3d\x3f-\x7e]+$/.test(link) ? link : undefined
}

function dateOf(
  site: Site,
  fields: Readonly<Record<string, unknown>>,
  name: string,
): number | undefined {
  const text = fields[name]
  if (text === undefined) return undefined
  const ms = text instanceof Date ? text.getTime() : Date.parse(String(text))
  if (Number.isNaN(ms))
    throw fault(site, `${name} "${String(text)}" is no date`, 'write it as 2027-03-01')
  return ms
}

function fault(site: Site, message: string, cure: string): ConfigError {
  const { file } = site.operation.source
  return new ConfigError({
    path: `${site.operation.id} x-sallyport-deprecated`,
    message,
    cure,
    file,
  })
}

/** Without a date the field says that it is deprecated since the epoch: RFC 9745 wants a date. */
function announcements(life: Life): string[] {
  const headers = ['Deprecation', `@${Math.floor((life.sinceMs ?? 0) / 1000)}`]
  if (life.sunsetMs !== undefined) headers.push('Sunset', formatHttpDate(life.sunsetMs))
  if (life.link !== undefined) headers.push(...linkHeader(life.link, 'deprecation'))
  return headers
}

function linkHeader(link: string, rel: string): string[] {
  return ['Link', `<${link}>; rel="${rel}"`]
}
