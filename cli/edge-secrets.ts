import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { systemClock } from '../src/base/clock.ts'
import { edgeDocument, needsDataKeys } from '../src/gateway/edge-secrets.ts'
import { writeEdgeDocument } from '../src/store/edge-document.ts'
import { parseKeyEncryptionKey } from '../src/store/secrets-document.ts'
import { openSecrets } from '../src/store/secrets-file.ts'
import { CommandError } from './failure.ts'
import { loadFromFlags } from './load.ts'
import type { ConfigOptions } from './load.ts'
import { paint, print, printJson, shown } from './output.ts'

/** Flags of `store edge-secrets`. */
export interface EdgeSecretsOptions extends ConfigOptions {
  readonly json?: true
  readonly force?: true
  readonly key?: string
}

/** Writes what an edge needs of the secrets that the configuration names; never over a file without `--force`. */
export async function writeEdgeSecrets(file: string, options: EdgeSecretsOptions): Promise<void> {
  const { settings } = await loadFromFlags(options)
  const secrets = openSecrets(settings.secretsFile, settings.secretsKeys)
  const nowMs = systemClock.nowMs()
  const document = edgeDocument(secrets, { nowMs, needsDataKeys: needsDataKeys(settings) })
  const { key } = options
  const keys =
    key === undefined ? [] : [parseKeyEncryptionKey(readReference(key, '--key'), '--key')]
  const text = writeEdgeDocument(document, keys)
  writeFileSync(file, text, { mode: 0o600, flag: options.force === true ? 'w' : 'wx' })
  chmodSync(file, 0o600)
  const until = new Date(document.untilMs).toISOString()
  const hasDataKeys = Object.keys(document.sealingKeys).length > 0
  if (options.json === true)
    return printJson({ file, until, isSealed: keys.length > 0, hasDataKeys })
  print(`Wrote ${shown(file)}, good until ${until}.`)
  print('It holds peppers, and derived keys for identity, wrapped tokens and pseudonyms.')
  if (hasDataKeys) print('Fields are tokenized or hashed, so the sealing keys are in it, too.')
  if (keys.length === 0) print(paint('yellow', 'It is not sealed: --key env:NAME seals it.'))
}

/** The text that `env:NAME` or `file:PATH` leads to. */
function readReference(reference: string, at: string): string {
  const [, kind, name = ''] = /^(env|file):(.+)$/.exec(reference) ?? []
  const text = kind === 'file' ? readFileSync(name, 'utf8') : process.env[name]
  if (kind !== undefined && text !== undefined) return text
  throw new CommandError(
    kind === undefined ? `${at} is no reference` : `${at}: ${name} is not set`,
    'env:NAME or file:PATH',
  )
}
