import type { ConfigOptions } from '../load.ts'
import type {
  ProofKey,
  ProofKeyOptions,
  ProofLimits,
  ProofNeeds,
} from '../../src/pipeline/proof.ts'

/** What a gateway of the range is started with. */
export interface RangeOrder {
  /** The flags by which the operator's configuration is found. */
  readonly flags: ConfigOptions
  /** Control to leave out. */
  readonly omit: string | undefined
  readonly needs: ProofNeeds
  /** `http://127.0.0.1:PORT`: what stands behind the gateway in place of every real API. */
  readonly sinkOrigin: string
  /** Folder for what the gateway writes; of this range only. */
  readonly folder: string
  /** Key set of the range's issuer. */
  readonly jwksFile: string
  /** Whether the operator's own APIs are served too, or the probe API alone. */
  readonly withOwnApis: boolean
}

/** How a control stands for the probe API: its mode, or `unset` where the settings give it nothing to do. */
export type Standing = 'enforce' | 'monitor' | 'off' | 'unset'

/** One operation of the operator's documents. */
export interface OwnOperation {
  readonly label: string
  readonly method: string
  /** Public path with every parameter filled in. */
  readonly path: string
  readonly isPublic: boolean
  /** It ended at its sunset: 410 comes before everything about callers. */
  readonly hasSunset: boolean
}

/** What the child says of itself once it listens. */
export interface RangeReady {
  readonly httpsPort: number
  readonly httpPort: number
  /** Control -> how it stands. */
  readonly standings: Readonly<Record<string, Standing>>
  readonly limits: ProofLimits
  readonly operations: readonly OwnOperation[]
}

/** Parent -> child; each is answered once, by its number. */
export type ToChild =
  | { readonly kind: 'start'; readonly call: number; readonly order: RangeOrder }
  | { readonly kind: 'newKey'; readonly call: number; readonly options: ProofKeyOptions }
  | { readonly kind: 'importKey'; readonly call: number; readonly text: string }
  | { readonly kind: 'revokeKey'; readonly call: number; readonly id: string }
  | { readonly kind: 'end'; readonly call: number }

/** Child -> parent. */
export interface ToParent {
  readonly call: number
  readonly ready?: RangeReady
  readonly key?: ProofKey
  readonly fault?: string
}
