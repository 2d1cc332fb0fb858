import type { FindEvidence } from './evidence.ts'

/** One place where a request breaks a rule; the value itself is never named. */
export interface DenialError {
  /** JSON Pointer into the body, or `path/name`, `query/name`, `header/name`, `cookie/name` for parameters. */
  readonly pointer: string
  readonly detail: string
}

/**
 * A refusal, as data. `reason` is a key of the control's `reasons`; it and `detail` go to the log only.
 * The client sees the public class of the reason and the request id.
 */
export interface Denial {
  readonly reason: string
  /** Flat list of names and values to add to the answer, such as `WWW-Authenticate` or `Allow`. */
  readonly headers?: readonly string[]
  /** For the log; no secrets. */
  readonly detail?: string
  /** Shown to the client: what is wrong where, for validation. */
  readonly errors?: readonly DenialError[]
  /** Names of limits that were passed, for the 429 problem. */
  readonly violatedPolicies?: readonly string[]
  /** What an answer that the gateway gives itself (a status below 400) says; nothing unless said. */
  readonly content?: { readonly mediaType: string; readonly body: string }
  /** Makes the refusal a repair: this body goes out in place of the API's, and the exchange goes on. */
  readonly repair?: Buffer
  /** Overrides the reason's status where the document asks for another one (400 instead of 422). */
  readonly status?: number
  /** While an API is being adopted: what of the document this contradicts. */
  readonly evidence?: FindEvidence | undefined
}

/** What a reason means to the outside and to the log. */
export interface ReasonSpec {
  readonly status: number
  /** Public class, snake_case, such as `invalid_credential`: the last part of the problem type. */
  readonly problem: string
  /** Public title, the same for every reason of a class. */
  readonly title: string
  /** OWASP vocabulary name or an `sp_` extension; `undefined`: no security event, the access record says it. */
  readonly event?: string
  readonly level?: 'info' | 'warn' | 'critical'
  /** The connection must not be used again. */
  readonly close?: boolean
}
