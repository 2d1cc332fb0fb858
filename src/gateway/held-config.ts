import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { existsSync } from 'node:fs'
import { ConfigError } from '../base/config-error.ts'
import { readPrivate, replacePrivate } from '../store/private-file.ts'
import { openSecrets } from '../store/secrets-file.ts'
import type { Secrets } from '../store/secrets-file.ts'
import { configFromHeld } from './config/load-config.ts'
import type { HeldParts, LoadedConfig } from './config/load-config.ts'

/** A configuration that was in force before. */
export interface HeldConfig {
  readonly loaded: LoadedConfig
  /** When it came into force. */
  readonly savedAtMs: number
}

/** What is held besides the configuration itself. */
export interface Holding {
  readonly secrets: Secrets
  /** For each API the texts of its documents. */
  readonly texts: readonly ReadonlyMap<string, string>[]
  readonly nowMs: number
}

const FORMAT = 1
const MAX_BYTES = 256 * 1024 * 1024
const PURPOSE = 'sallyport last good configuration'
const KEY_BYTES = 32

/**
 * Writes down a configuration that came into force, signed with a key of the installation. It holds no secrets: what
 * stands in it are references. Throws the system's error; nothing is written for what has no file, or keys in memory.
 */
export function holdConfig(path: string, loaded: LoadedConfig, holding: Holding): void {
  const { input, file, hash, settings } = loaded
  if (file === undefined || settings.store.kind === 'memory') return
  const texts = holding.texts.map((files) => [...files])
  const body = JSON.stringify({
    format: FORMAT,
    savedAtMs: holding.nowMs,
    file,
    hash,
    input,
    texts,
  })
  const { secrets } = holding
  replacePrivate(path, `${signature(body, secrets, secrets.currentPepperVersion)}\n${body}`)
}

/**
 * The configuration that `holdConfig` wrote to `path` and nobody changed since; `undefined`: there is none. Its
 * references are read anew. Throws `ConfigError` where it is not to be trusted, or cannot be used any more.
 */
export function heldConfig(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): HeldConfig | undefined {
  if (!existsSync(path)) return undefined
  const text = readHeld(path)
  const end = text.indexOf('\n')
  const body = text.slice(end + 1)
  const parts = partsOf(body)
  if (parts === undefined) throw refusal(path, 'is no configuration that was held')
  const loaded = configFromHeld(parts, env)
  const { secretsFile, secretsKeys, store } = loaded.settings
  // Secrets that are made now have signed nothing.
  if (store.kind === 'memory' || !existsSync(secretsFile))
    throw refusal(path, `cannot be checked without ${secretsFile}`)
  if (!isSigned(text.slice(0, end), body, openSecrets(secretsFile, secretsKeys)))
    throw refusal(path, 'was changed, or is of another installation')
  return { loaded, savedAtMs: parts.savedAtMs }
}

function readHeld(path: string): string {
  try {
    return readPrivate(path, MAX_BYTES)
  } catch (error) {
    throw refusal(
      path,
      `cannot be used: ${error instanceof Error ? error.message : 'unknown fault'}`,
    )
  }
}

function refusal(path: string, message: string): ConfigError {
  return new ConfigError({
    path: '--last-good',
    message: `${path} ${message}`,
    cure: 'mend the configuration and start again; it is written anew then',
  })
}

interface Body extends HeldParts {
  readonly savedAtMs: number
}

function partsOf(body: string): Body | undefined {
  const found = parsed(body)
  if (typeof found !== 'object' || found === null) return undefined
  const { format, savedAtMs, file, hash, input, texts } = found as Readonly<Record<string, unknown>>
  if (format !== FORMAT || typeof savedAtMs !== 'number') return undefined
  if (typeof file !== 'string' || typeof hash !== 'string' || !areTexts(texts)) return undefined
  return { savedAtMs, file, hash, input, texts: texts.map((files) => new Map(files)) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // said by who asked
  }
}

function areTexts(value: unknown): value is readonly (readonly [string, string])[][] {
  const isPair = (pair: unknown): boolean =>
    Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === 'string')
  return Array.isArray(value) && value.every((files) => Array.isArray(files) && files.every(isPair))
}

function isSigned(mac: string, body: string, secrets: Secrets): boolean {
  for (let version = secrets.currentPepperVersion; version >= 1; version--) {
    if (secrets.pepper(version) === undefined) continue
    const expected = Buffer.from(signature(body, secrets, version))
    const given = Buffer.from(mac)
    if (given.length === expected.length && timingSafeEqual(given, expected)) return true
  }
  return false
}

/** Of the peppers, which edges have as well. */
function signature(body: string, secrets: Secrets, version: number): string {
  const pepper = secrets.pepper(version)
  if (pepper === undefined) throw new Error(`there is no pepper ${version}`)
  const key = Buffer.from(hkdfSync('sha256', pepper.reveal(), '', PURPOSE, KEY_BYTES))
  return createHmac('sha256', key).update(body).digest('hex')
}
