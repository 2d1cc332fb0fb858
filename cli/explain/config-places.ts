import type { ConfigFault } from '../../src/base/config-error.ts'
import type { LoadedConfig } from '../../src/gateway/config/load-config.ts'
import { parsePath, valueAt } from '../../src/gateway/config/paths.ts'
import { readSource } from '../../src/gateway/config/source.ts'
import type { Mode } from '../../src/pipeline/policy.ts'
import type { FilePlace } from '../document-places.ts'

/** Finds where the configuration says something. */
export interface ConfigPlaces {
  /** The first of these paths that is written, with its place; `undefined` where the defaults hold. */
  written(paths: readonly string[]): (FilePlace & { readonly path: string }) | undefined
}

/** Reads the file again, since settings no longer tell what was written and what is a default. */
export async function configPlaces(loaded: LoadedConfig): Promise<ConfigPlaces> {
  const { file } = loaded
  if (file === undefined) return { written: () => undefined }
  const { data } = await readSource(file, file)
  return {
    written: (paths) => {
      const path = paths.find((one) => valueAt(data, parsePath(one) ?? []) !== undefined)
      if (path === undefined) return undefined
      const placed: ConfigFault = loaded.placeFault({ path, message: '' })
      const { line, column } = placed
      return {
        path,
        file: placed.file ?? file,
        ...(line === undefined ? {} : { line }),
        ...(column === undefined ? {} : { column }),
      }
    },
  }
}

/** Paths by which a control is set, those of the operation's rules first, the narrowest before wider ones. */
export function settingPaths(
  control: string,
  operationId: string,
  rules: readonly number[],
): readonly string[] {
  const own = SETTINGS.get(control) ?? []
  const named = `[${JSON.stringify(operationId)}]`
  const inRules = rules.flatMap((index) =>
    own.map((path) => `rules[${index}].${IN_RULES.get(path) ?? path}`),
  )
  const wide = own.map((path) =>
    path === 'limits.operations' || path === 'authorize.acl' || path === 'authorize.operations'
      ? `${path}${named}`
      : path,
  )
  return [...inRules, ...wide]
}

/** Paths by which a control came to its mode, in the order in which they win. */
export function modePaths(
  { name, block }: { readonly name: string; readonly block: string | undefined },
  mode: Mode,
  rules: readonly number[],
): readonly string[] {
  if (block === undefined) return []
  const inRules = rules.flatMap((index) => [
    `rules[${index}].relax["${name}"]`,
    `rules[${index}].relax["${block}"]`,
    `rules[${index}].${block}.mode`,
    `rules[${index}].mode`,
  ])
  return [...inRules, `${block}.mode`, 'mode', ...(mode === 'monitor' ? ['profile'] : [])]
}

/** What is said by operation id in a block is said otherwise in a rule, which names its operations already. */
const IN_RULES: ReadonlyMap<string, string> = new Map([
  ['limits.operations', 'limits.operation'],
  ['authorize.operations', 'authorize.when'],
])

const VALIDATE_REQUEST = ['validate.request']

const SETTINGS: ReadonlyMap<string, readonly string[]> = new Map([
  ['address', ['listen.trustedProxies']],
  ['hosts', ['listen.hosts']],
  ['plain-http', ['listen.plain']],
  ['ip-limit', ['limits.ip']],
  ['failures', ['limits.failures', 'limits.errors']],
  ['penalties', ['limits.penalties']],
  ['penalty-box', ['limits.penalties']],
  ['bots', ['detect.bots', 'detect']],
  ['honeypots', ['detect.honeypots', 'detect']],
  ['hijack', ['detect.hijack', 'detect']],
  ['bans', ['detect']],
  ['behaviour', ['detect']],
  ['stuffing', ['detect.stuffing', 'detect']],
  ['concurrency', ['limits.concurrency', 'limits.operations']],
  ['cors', ['listen.cors']],
  ['csrf', ['listen.cors']],
  ['authenticate', ['auth.schemes', 'auth.jwt']],
  ['principal-limit', ['limits.principal', 'limits.policies', 'limits.plans', 'limits.operations']],
  ['log-room', ['logs.whenFull']],
  ['sensitivity', ['limits.whenStoreFails', 'limits.sensitivity']],
  ['access', ['authorize.operations', 'authorize.acl', 'authorize.roles']],
  ['external-decision', ['authorize.decision']],
  ['conditions', ['authorize.operations']],
  ['body-conditions', ['authorize.operations']],
  ['parameters', VALIDATE_REQUEST],
  ['body', [...VALIDATE_REQUEST, 'validate.maxBody']],
  ['url-fields', ['validate.urlHosts', ...VALIDATE_REQUEST]],
  ['auth-zone', ['limits.operations']],
  ['operation-limit', ['limits.operations']],
  ['credential-strip', ['auth.schemes']],
  ['objects', ['authorize.schemas', 'authorize.operations', 'authorize.denied']],
  ['fields', ['authorize.fields']],
  ['classes', ['data.classes', 'data.mask', 'data.tokenize']],
  ['tokens', ['data.tokenize']],
  ['secrets', ['data.secrets']],
  ['encoding', ['data.encode']],
  ['uniform', ['data.uniform']],
  ['wrap', ['auth.wrap']],
  ['errors', ['data.errors']],
  ['responses', ['validate.response']],
  ['leaks', ['profile']],
  ['hsts', ['listen.hsts']],
  ['compression', ['data.compress']],
  ['lookups', ['authorize.lookups']],
])
