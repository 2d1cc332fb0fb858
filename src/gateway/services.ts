import { existsSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import { andThen } from '../base/maybe-promise.ts'
import { ConfigError } from '../base/config-error.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { Secret } from '../base/secret.ts'
import { DataKeys } from '../identity/data-keys/data-keys.ts'
import { KeyService } from '../identity/keys/service.ts'
import { SigningKeys } from '../identity/signing/signing-keys.ts'
import { SealingKeys } from '../identity/wrapped/sealing-keys.ts'
import { TokenService } from '../identity/tokens/service.ts'
import type { IssuerRequest } from '../identity/tokens/issuer-settings.ts'
import type { Counters } from '../store/counters.ts'
import { MemoryCounters } from '../store/memory-counters.ts'
import { recordsOf } from '../store/open-store.ts'
import type { Records } from '../store/records.ts'
import { LoadMeter } from '../telemetry/load-meter.ts'
import { checkSecrets, compareSecrets } from '../store/secrets-check.ts'
import { writeEdgeDocument } from '../store/edge-document.ts'
import { newSecretsText, parseSecrets, readSecretsText } from '../store/secrets-file.ts'
import type { Secrets } from '../store/secrets-file.ts'
import type { IssuerSettings, Settings } from './config/settings.ts'
import { issuerWord } from './dependencies.ts'
import type { IssuerWord } from './dependencies.ts'
import { edgeDocument, PSEUDONYM_BYTES, PSEUDONYM_PURPOSE } from './edge-secrets.ts'
import { FactServices } from './fact-services.ts'

/** What outlives a reload: stores, counters, keys. */
export interface Services {
  readonly records: Records
  readonly secrets: Secrets
  /** The text they were read from, for other threads. */
  readonly secretsText: Secret
  readonly counters: Counters
  readonly keys: KeyService
  readonly signing: SigningKeys
  readonly sealing: SealingKeys
  readonly dataKeys: DataKeys
  readonly load: LoadMeter
  /** Whom conditions ask for relations and owners. */
  readonly facts: FactServices
  /**
   * Connects to the store, brings it to this version and sees that the secrets are those it was used with. To be called
   * before anything is asked of it. Throws or rejects with `ConfigError` at `store` or `secrets`.
   */
  open(): MaybePromise<void>
  /** Closes the store after writing what is still to be written. */
  close(): Promise<void>
}

/** What of the settings names stores and keys. */
export type StoreSettings = Pick<Settings, 'store' | 'secretsFile' | 'secretsKeys'> & {
  readonly auth: Pick<Settings['auth'], 'apiKey'>
  /** Of an edge: whether fields are tokenized or hashed. */
  readonly usesDataKeys?: boolean
}

/** Opens what the settings name; `onKeyChange` is told the id after every write of a key; `counters`: those of all threads, where there are several. Throws `ConfigError` when a file cannot be used. */
export function openServices(
  settings: StoreSettings,
  clock: Clock,
  onKeyChange: (id: string) => void = () => undefined,
  counters: Counters = new MemoryCounters(),
): Services {
  const { store, auth } = settings
  const isReader = store.kind !== 'memory' && store.isReadOnly === true
  if (isReader) refuseToMakeSecrets(settings.secretsFile)
  const records = recordsOf(store, clock.nowMs())
  // Keys that live in memory need no pepper that outlives them.
  const wholeText =
    store.kind === 'memory'
      ? newSecretsText()
      : readSecretsText(settings.secretsFile, settings.secretsKeys)
  const secretsText = isReader ? textForEdge(wholeText, settings, clock.nowMs()) : wholeText
  const secrets = parseSecrets(secretsText, settings.secretsFile)
  if (!isReader && secrets.edgeUntilMs !== undefined) throw onlyForEdges(settings.secretsFile)
  const load = new LoadMeter()
  const facts = new FactServices(records.relations)
  const keys = new KeyService({ records, secrets, ...keySettings(auth), onChange: onKeyChange })
  return {
    records,
    secrets,
    secretsText: new Secret(secretsText),
    counters,
    keys,
    signing: new SigningKeys(secrets),
    sealing: new SealingKeys(secrets),
    dataKeys: new DataKeys(secrets),
    load,
    facts,
    open: () =>
      andThen(records.open(), () => {
        if (store.kind === 'memory') return undefined
        return isReader
          ? compareSecrets(records.meta, secrets)
          : checkSecrets(records.meta, secrets)
      }),
    close: async () => {
      load.close()
      await facts.sources.close()
      await keys.flush()
      await records.close()
    },
  }
}

/** Keys made under another pepper than that of the store would be good for nobody. */
function refuseToMakeSecrets(path: string): void {
  if (existsSync(path)) return
  throw new ConfigError({
    path: 'secrets',
    message: `${path} is not there, and an edge makes no secrets`,
    cure: 'copy the secrets file of the control process here, mode 0600',
  })
}

/** An edge that was given everything keeps what it needs, and hands no more to its threads. Throws `ConfigError`. */
function textForEdge(text: string, settings: StoreSettings, nowMs: number): string {
  const secrets = parseSecrets(text, settings.secretsFile)
  const { edgeUntilMs } = secrets
  const usesDataKeys = settings.usesDataKeys === true
  if (edgeUntilMs === undefined)
    return writeEdgeDocument(edgeDocument(secrets, { nowMs, needsDataKeys: usesDataKeys }), [])
  const lacks =
    nowMs >= edgeUntilMs
      ? `its keys reached until ${new Date(edgeUntilMs).toISOString()}`
      : usesDataKeys && secrets.sealingKey(secrets.currentSealingVersion) === undefined
        ? 'fields are tokenized or hashed, and it has no keys for that'
        : undefined
  if (lacks === undefined) return text
  throw new ConfigError({
    path: 'secrets',
    message: `${settings.secretsFile} does not do: ${lacks}`,
    cure: 'make it anew at the control process: sallyport store edge-secrets FILE',
  })
}

function onlyForEdges(path: string): ConfigError {
  return new ConfigError({
    path: 'secrets',
    message: `${path} is the secrets file of an edge, which makes and changes nothing`,
    cure: 'start with --role edge, or name the file of the control process',
  })
}

/** What the key service takes from the settings. */
export function keySettings({
  apiKey: { prefix, expiresMs, overlapMs },
}: Pick<Settings['auth'], 'apiKey'>): {
  readonly prefix: string
  readonly lifeMs: number
  readonly overlapMs: number
} {
  return { prefix, lifeMs: expiresMs, overlapMs }
}

/** The key of the pseudonyms in logs: derived from the sealing key, so that it stays the same across restarts. */
export function pseudonymKey(secrets: Secrets): Secret<Buffer> {
  const { currentSealingVersion } = secrets
  const key = secrets.derived(currentSealingVersion, PSEUDONYM_PURPOSE, PSEUDONYM_BYTES)
  if (key === undefined) throw new Error('the secrets hold no sealing key')
  return new Secret(key)
}

/**
 * The service that checks tokens of the configured issuers; `tell`: of its fetching their keys; `steadyMs`: see
 * `TokenServiceSettings`. Throws `ConfigError`.
 */
export function openTokens(
  settings: Settings,
  tell: (word: IssuerWord) => void,
  steadyMs?: () => number,
): TokenService {
  const { rolesClaim, groupsClaim } = settings.blocks.auth
  return new TokenService({
    issuers: settings.auth.issuers.map(issuerRequest),
    claimPaths: { roles: rolesClaim, groups: groupsClaim },
    ...(steadyMs === undefined ? {} : { steadyMs }),
    onKeyFault: (iss, cause) => tell(issuerWord(iss, cause)),
    onKeysFetched: (iss) => tell(issuerWord(iss, undefined)),
  })
}

function issuerRequest(issuer: IssuerSettings): IssuerRequest {
  const { jwks } = issuer
  return {
    iss: issuer.issuer,
    audience: issuer.audiences,
    algs: issuer.algs,
    maxAgeMs: issuer.maxAgeMs,
    toleranceMs: issuer.skewMs,
    typ: issuer.typ.includes('jwt') ? 'any' : 'at+jwt',
    ...(jwks.kind === 'url' ? { jwks: { url: jwks.url } } : {}),
    ...(jwks.kind === 'file' ? { jwks: { file: jwks.path } } : {}),
    ...(jwks.kind === 'secret' ? { secret: jwks.secret } : {}),
  }
}
