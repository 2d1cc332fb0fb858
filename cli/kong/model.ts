import type { ApiModel } from '../../src/openapi/model.ts'
import type { KongRoute, KongService } from './kong-file.ts'
import type { KongPath, Segment } from './paths.ts'

/** Fields of what is written as YAML. */
export type Written = Record<string, unknown>

/** A key of `jwt_secrets` as an issuer: Kong knows its tokens by `iss`, and so does the gateway. */
export interface SignedIssuer {
  readonly iss: string
  /** What stands under its name in `auth.jwt.issuers`. */
  readonly settings: Written
  /** Groups of its consumer: the token has no say in them. */
  readonly groups: readonly string[]
  /** Holds its key, beside the configuration. */
  readonly file: KeyFile
}

/** A file that goes with a configuration. */
export interface KeyFile {
  readonly name: string
  readonly text: string
  /** Whether nobody else may read it. */
  readonly isSecret: boolean
}

/** How the callers of a route prove who they are. */
export type KongAccess =
  | { readonly kind: 'public' }
  | { readonly kind: 'keys'; readonly headers: readonly string[] }
  | { readonly kind: 'tokens'; readonly issuer: string; readonly audiences: readonly string[] }
  | { readonly kind: 'signed'; readonly issuers: readonly SignedIssuer[] }

/** What the plugins of a route come to. */
export interface RoutePolicy {
  readonly access: KongAccess
  readonly groups: readonly string[]
  readonly deniedGroups: readonly string[]
  /** For each caller. */
  readonly principal: string | undefined
  /** For all tokens of one `iss`; counts all calls of the gateway. */
  readonly issuer: string | undefined
  /** For each address; counts all calls of the gateway. */
  readonly address: string | undefined
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  readonly maxBody: string | undefined
  readonly origins: readonly string[]
  readonly bodySchema: unknown
  readonly blocksBots: boolean
}

/** One path of a route. */
export interface RoutePath {
  readonly route: KongRoute
  readonly service: KongService
  readonly path: KongPath
  readonly written: string
  /** The path stands for one that cannot be read, and for more: it must stay closed. */
  readonly isClosed?: true
}

/** One operation that a route of Kong let through. */
export interface KongOperation {
  readonly id: string
  readonly method: string
  readonly segments: readonly Segment[]
  readonly policy: RoutePolicy
  readonly route: string
  /** Whether Kong looked into the request itself: then nothing of it is only observed meanwhile. */
  readonly isChecked: boolean
}

/** What Kong had in front of one place: becomes one API. */
export interface KongApi {
  readonly name: string
  readonly service: KongService
  /** What stands before the templates; empty for nothing. */
  readonly basePath: string
  /** Whether that is taken off before the API gets the path. */
  readonly isStripped: boolean
  /** What follows the path of the service in front of the templates; empty for nothing. */
  readonly pathSuffix: string
  readonly operations: readonly KongOperation[]
  /** The document of a person, in place of one that is made. */
  readonly binding?: Binding
}

/** One path of a route, with what its plugins come to. */
export interface RoutePlace extends RoutePath {
  /** `undefined`: protected in a way that is not known here, so that it must stay closed. */
  readonly policy: RoutePolicy | undefined
  /** What Kong takes off; `undefined`: a pattern, which nothing here can take off. */
  readonly stripped: string | undefined
}

/** The document of a person, for one of the places that Kong had in front. */
export interface OwnDocument {
  readonly model: ApiModel
  /** As it was parsed, before references and overlays. */
  readonly raw: unknown
}

/** A document with the routes of Kong laid over it. */
export interface Binding {
  readonly service: KongService
  /** What Kong took off; empty for nothing. */
  readonly stripped: string
  /** What stands before the templates. */
  readonly basePath: string
  /** What follows the path of the service in front of them. */
  readonly pathSuffix: string
  readonly operations: readonly KongOperation[]
  /** Takes out what Kong did not let through, and says what callers must show. */
  readonly overlay: Written
  /** `auth.schemes`. */
  readonly schemes: Written
}
