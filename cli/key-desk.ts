import { dirname, join } from 'node:path'
import type { Settings } from '../src/gateway/config/settings.ts'
import type { StoreSettings } from '../src/gateway/services.ts'
import type { KeyView } from '../src/identity/keys/view.ts'
import type { ConfigOptions } from './load.ts'

/** A key with its text: right after it was made or rotated, and never again. */
export interface NewKey extends KeyView {
  readonly key: string
}

/** What an import made, and what stood there before; `index`: among the keys that were handed over. */
export interface ImportReport {
  readonly dryRun: boolean
  readonly made: readonly ImportedView[]
  readonly known: readonly ImportedView[]
}

/** One key of an import. */
export interface ImportedView extends KeyView {
  readonly index: number
}

/** A key that wants attention. */
export interface DueView extends KeyView {
  readonly why: string
  /** RFC 3339, UTC. */
  readonly at: string
}

/** Fields of a request as the admin API takes them. */
export type KeyFields = Readonly<Record<string, unknown>>

/**
 * Where keys are made and changed: at the running gateway, so that its log tells of it, or else in the store itself.
 * Methods that name a key answer `undefined` when there is none. They reject with `ConfigError` for what cannot be
 * asked, `StoreError` and `AdminUnreachable` for what could not be done.
 */
export interface KeyDesk {
  readonly settings: KeySettings
  create(fields: KeyFields): Promise<NewKey>
  import(fields: KeyFields): Promise<ImportReport>
  list(): Promise<readonly KeyView[]>
  due(): Promise<readonly DueView[]>
  show(id: string): Promise<KeyView | undefined>
  update(id: string, fields: KeyFields): Promise<KeyView | undefined>
  rotate(id: string, fields: KeyFields): Promise<NewKey | undefined>
  revoke(id: string, fields: KeyFields): Promise<KeyView | undefined>
  close(): Promise<void>
}

/** What the commands on keys need of the configuration. */
export type KeySettings = StoreSettings &
  Pick<Settings, 'admin'> & {
    readonly listen: Pick<Settings['listen'], 'https' | 'http' | 'tls'>
    /** Absolute; `undefined` for a gateway that was started with flags. */
    readonly file: string | undefined
    /** What is compiled to know the names of grants; `undefined` where no configuration is at hand. */
    readonly flags: ConfigOptions | undefined
  }

/** Where the certificate authority of `tls: auto` stands; `undefined` where clients need none of ours. */
export function ownCaFile({ listen, secretsFile }: KeySettings): string | undefined {
  if (listen.https === undefined || listen.tls.kind !== 'auto') return undefined
  return join(dirname(secretsFile), '.sallyport', 'ca.pem')
}
