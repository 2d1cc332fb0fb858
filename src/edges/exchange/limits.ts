/** Bounds of everything a client or an upstream can make a transport hold or wait for. Times in milliseconds. */
export interface EdgeLimits {
  /** Whole request head, from the first byte. */
  readonly headersMs: number
  /** TLS handshake. */
  readonly handshakeMs: number
  /** Idle HTTP/1.1 connection between two requests. */
  readonly keepAliveMs: number
  /** HTTP/2 connection without an open stream. */
  readonly sessionIdleMs: number
  /** Age at which an HTTP/2 connection is told to go away. */
  readonly sessionAgeMs: number
  /** Requests on one connection, HTTP/1.1 and HTTP/2. */
  readonly requestsPerConnection: number
  /** Header block and request line together; the core judges the parts. */
  readonly headBytes: number
  /** No rate is asked of a request body before it is this old. */
  readonly bodyGraceMs: number
  /** Span over which the rate of a request body is averaged. */
  readonly bodyWindowMs: number
  /** Least rate of a request body, averaged over `bodyWindowMs`. */
  readonly bodyBytesPerSecond: number
  /** A request body that is buffered must be complete within this time. */
  readonly bufferedBodyMs: number
  /** All verdicts of one exchange that are waited for together, whatever limits the controls set themselves. */
  readonly decisionMs: number
  /** Rest of an unwanted request body that is read and dropped so that the client sees its answer. */
  readonly drainBytes: number
  readonly drainMs: number
  /** An upstream's answer that is read whole before it goes on must be complete within this time. */
  readonly bufferedResponseMs: number
  /** Silence of the upstream in the middle of an answer. */
  readonly responseIdleMs: number
  /** The same for `text/event-stream`, where silence is normal. */
  readonly eventStreamIdleMs: number
  /** A client that takes nothing of its answer. */
  readonly writeStallMs: number
  /** Least rate at which a client takes what waits for it, beyond that time. */
  readonly answerBytesPerSecond: number
  /** A tunnel (WebSocket) without a byte in either direction. */
  readonly tunnelIdleMs: number
  /** Exchanges that wait for their upstream's answer; more are refused with 503. */
  readonly inFlight: number
  /** Bytes of bodies, of all exchanges together, that are held until they can be judged; more are refused with 503. */
  readonly heldBytes: number
  readonly connections: number
  readonly connectionsPerAddress: number
  /** TLS connections one address may begin, on average and at once. */
  readonly handshakesPerSecond: number
  readonly handshakeBurst: number
  /** How often deadlines are looked at; every time above is exact to this much. */
  readonly sweepMs: number
}

/** Defaults of CONTROLS WIRE-04, WIRE-10, WIRE-11, NET-04 and TRN-07. */
export const EDGE_LIMITS: EdgeLimits = {
  headersMs: 10_000,
  handshakeMs: 5_000,
  keepAliveMs: 5_000,
  sessionIdleMs: 60_000,
  sessionAgeMs: 600_000,
  requestsPerConnection: 1_000,
  headBytes: 16_384 + 8_192 + 256,
  bodyGraceMs: 5_000,
  bodyWindowMs: 10_000,
  bodyBytesPerSecond: 512,
  bufferedBodyMs: 30_000,
  decisionMs: 30_000,
  drainBytes: 65_536,
  drainMs: 1_000,
  bufferedResponseMs: 30_000,
  responseIdleMs: 30_000,
  eventStreamIdleMs: 600_000,
  writeStallMs: 30_000,
  answerBytesPerSecond: 1_024,
  tunnelIdleMs: 60_000,
  inFlight: 1_000,
  heldBytes: 256 * 1_048_576,
  connections: 10_000,
  connectionsPerAddress: 100,
  handshakesPerSecond: 20,
  handshakeBurst: 50,
  sweepMs: 250,
}
