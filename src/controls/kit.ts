import type { Clock } from '../base/clock.ts'
import type { DataKeys } from '../identity/data-keys/data-keys.ts'
import type { KeyService } from '../identity/keys/service.ts'
import type { SigningKeys } from '../identity/signing/signing-keys.ts'
import type { TokenService } from '../identity/tokens/service.ts'
import type { WrappedTokens } from '../identity/wrapped/wrapped-tokens.ts'
import type { DecodeDeps } from '../openapi/decode/contract.ts'
import type { ApiModel } from '../openapi/model.ts'
import type { SchemaCompiler } from '../openapi/schema/compiler.ts'
import type { ConditionFacts } from '../pipeline/conditions/facts.ts'
import type { Control } from '../pipeline/control.ts'
import type { Site } from '../pipeline/site.ts'
import type { Counters } from '../store/counters.ts'
import type { PlaceDatabase } from '../store/places/place-database.ts'

/** A loaded API with its schemas, ready to compile for both doors. */
export interface ApiRuntime {
  readonly model: ApiModel
  /** Strict: unknown fields are refused. */
  readonly requestSchemas: SchemaCompiler
  /** As the document says, unknown fields allowed. */
  readonly looseRequestSchemas: SchemaCompiler
  readonly responseSchemas: SchemaCompiler
  /** What parameter and form decoders are compiled with. */
  readonly decode: DecodeDeps
}

/** How late the event loop is. */
export interface Load {
  /** For how long, in milliseconds, it has been later than `delayMs`; 0 where it is not. */
  lateForMs(delayMs: number): number
}

/** The time as tokens are judged by it; `undefined`: nobody knows what time it is. */
export interface TokenClock {
  nowMs(): number | undefined
}

/** Whether what must not be lost can still be written down. */
export interface LogRoom {
  readonly isFull: boolean
}

/** The services controls may use; made once, handed to every `compile`. */
export interface Kit {
  readonly clock: Clock
  readonly counters: Counters
  readonly keys: KeyService
  readonly tokens: TokenService
  readonly tokenClock: TokenClock
  /** The gateway's own, for what it signs. */
  readonly signing: SigningKeys
  /** For values of fields: hashes and tokens, by tenant. */
  readonly dataKeys: DataKeys
  /** How busy this process is. */
  readonly load: Load
  readonly log: LogRoom
  /** Whether any issuer is configured, so that bearer schemes mean its tokens. */
  readonly hasIssuers: boolean
  readonly apis: ReadonlyMap<string, ApiRuntime>
  /** API -> the tokens it signs itself, as the gateway wraps them; APIs without are not here. */
  readonly wraps: ReadonlyMap<string, WrappedTokens>
  /** Every site of the plan that is being compiled. */
  readonly sites: readonly Site[]
  /** Whom the conditions of an operation ask for relations and look-ups; absent: nobody. */
  readonly facts?: ((site: Site) => ConditionFacts) | undefined
  /** Where addresses are; absent: no database is configured. */
  readonly places?: PlaceDatabase | undefined
  /** What look-ups have found; absent: nothing is looked up. */
  readonly found?: { forget(id: string): void } | undefined
}

/** A control whose config type does not matter to the holder. */
export type AnyControl = Control<unknown, Kit>
