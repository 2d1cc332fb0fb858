import { createHmac } from 'node:crypto'
import { ConfigError } from '../base/config-error.ts'
import { andThen } from '../base/maybe-promise.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { openBytes, sealBytes } from './envelope.ts'
import type { Meta } from './records.ts'
import { CHECK_TEXT as TEXT } from './secrets-file.ts'
import type { Secrets } from './secrets-file.ts'

/** What a store remembers of the secrets it was used with: nothing that would help to find them. */
interface Remembered {
  /** Version -> HMAC of a fixed text. */
  readonly peppers: Readonly<Record<string, string>>
  /** Version -> a fixed text, sealed. */
  readonly sealingKeys: Readonly<Record<string, string>>
}

const NAME = 'secrets'

/**
 * Whether the secrets are those that the store was used with, and remembers versions that are new. With others no key
 * of the store would be good any more and nothing sealed would open: better no start than 401 for everybody.
 * Throws or rejects with `ConfigError` at `secrets`.
 */
export function checkSecrets(meta: Meta, secrets: Secrets): MaybePromise<void> {
  return andThen(meta.get(NAME), (text) => {
    const known = parse(text)
    refuseOthers(known, secrets)
    const all = remember(known, secrets)
    return JSON.stringify(all) === JSON.stringify(known)
      ? undefined
      : meta.set(NAME, JSON.stringify(all))
  })
}

function refuseOthers(known: Remembered, secrets: Secrets): void {
  const faults = [...faultsOf(known, secrets)]
  if (faults.length === 0) return
  throw new ConfigError({
    path: 'secrets',
    message: `the store was used with other secrets: ${faults.join(', ')}`,
    cure: 'restore the secrets file from a backup; where it is lost for good, sallyport store rekey --lost, and make every key again',
  })
}

/** As `checkSecrets`, for who only looks: remembers nothing. Rejects with `ConfigError` at `secrets`. */
export async function compareSecrets(meta: Meta, secrets: Secrets): Promise<void> {
  refuseOthers(parse(await meta.get(NAME)), secrets)
}

/** Forgets what the store was used with: from now on these secrets are the right ones. Keys made before stay lost. */
export function forgetSecrets(meta: Meta, secrets: Secrets): MaybePromise<void> {
  return meta.set(NAME, JSON.stringify(remember({ peppers: {}, sealingKeys: {} }, secrets)))
}

function parse(text: string | undefined): Remembered {
  const value = JSON.parse(text ?? '{}') as Partial<Remembered>
  return { peppers: value.peppers ?? {}, sealingKeys: value.sealingKeys ?? {} }
}

function* faultsOf(known: Remembered, secrets: Secrets): Iterable<string> {
  for (const [version, mark] of Object.entries(known.peppers))
    if (markOf(secrets, Number(version)) !== mark) yield `pepper ${version} is another or missing`
  for (const [version, sealed] of Object.entries(known.sealingKeys)) {
    const key = secrets.checkKey(Number(version))
    const opened = key === undefined ? undefined : openBytes(key, identity(version), sealed)
    if (opened?.toString() !== TEXT) yield `sealing key ${version} is another or missing`
  }
}

function remember(known: Remembered, secrets: Secrets): Remembered {
  const peppers = { ...known.peppers }
  const sealingKeys = { ...known.sealingKeys }
  for (let version = 1; version <= secrets.currentPepperVersion; version++) {
    const mark = markOf(secrets, version)
    if (mark !== undefined) peppers[version] ??= mark
  }
  for (let version = 1; version <= secrets.currentSealingVersion; version++) {
    const key = secrets.checkKey(version)
    if (key === undefined || sealingKeys[version] !== undefined) continue
    sealingKeys[version] = sealBytes(key, identity(String(version)), Buffer.from(TEXT))
  }
  return { peppers, sealingKeys }
}

function markOf(secrets: Secrets, version: number): string | undefined {
  const pepper = secrets.pepper(version)?.reveal()
  return pepper === undefined
    ? undefined
    : createHmac('sha256', pepper).update(`${TEXT} ${version}`).digest('hex')
}

function identity(version: string): string {
  return `${NAME} sealing key ${version}`
}
