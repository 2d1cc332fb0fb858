import type { CanonicalQuery } from '../http/query.ts'
import type { HeaderTable } from '../http/header-table.ts'
import type { LeadingTexts } from '../http/leading-texts.ts'
import type { Principal } from '../identity/principal.ts'
import type { VerifiedKey } from '../identity/keys/verified-key.ts'
import { ANONYMOUS } from '../identity/principal.ts'
import type { DenialError } from './denial.ts'
import type { FindEvidence } from './evidence.ts'
import type { Site } from './site.ts'
import type { TargetNotes } from './target-notes.ts'

/** A client's certificate, as conditions name it. */
export interface ClientCertificate {
  /** Distinguished names (RFC 4514), such as `CN=device-7,O=Example`. */
  readonly subject: string
  readonly issuer: string
  /** Alternative names, each with its kind: `dns:a.example`, `uri:spiffe://x`, `email:a@b.example`, `ip:10.0.0.1`. */
  readonly san: readonly string[]
  /** SHA-256 of the certificate (DER), hex, lower case. */
  readonly fingerprint: string
}

/** Where an address is, as a database of countries says. */
export interface ClientPlace {
  /** ISO 3166-1 alpha-2, upper case; empty where the database does not know. */
  readonly country: string
  /** Subdivision by ISO 3166-2, such as `DE-BE`; empty where it does not know. */
  readonly region: string
}

/** What the edge knows of a request before anybody judged it. */
export interface RequestHead {
  readonly method: string
  readonly rawTarget: string
  readonly httpVersion: string
  readonly headers: HeaderTable
  /** HTTP/2 `:authority`. */
  readonly authority: string | undefined
  readonly peerAddress: string
  readonly peerPort: number
  /** The balancer that named the peer before the first byte; unsaid: the peer itself is at the other end. */
  readonly relayAddress?: string | undefined
  readonly listener: 'https' | 'http'
  readonly tls:
    | {
        readonly protocol: string
        readonly cipher: string
        readonly servername: string | undefined
        /** Kind of client by its handshake, found when it is first asked for; `undefined`: cannot be told, as where it was resumed. */
        readonly clientClass?: string | undefined
        /** What the client showed and the listener accepted; `undefined`: it showed none. */
        readonly certificate?: ClientCertificate | undefined
      }
    | undefined
  /** Whether a body follows (Content-Length above 0, or Transfer-Encoding, or an open HTTP/2 stream). */
  readonly hasBody: boolean
}

/** Values of the declared parameters, typed; null-prototype objects by place. */
export interface ParameterValues {
  readonly path: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly header: Readonly<Record<string, unknown>>
  readonly cookie: Readonly<Record<string, unknown>>
}

/** A refusal that happened, or would have happened in `monitor`. */
export interface DecisionRecord {
  readonly control: string
  readonly reason: string
  readonly status: number
  readonly detail: string | undefined
  readonly errors: readonly DenialError[] | undefined
  readonly evidence?: FindEvidence | undefined
}

/** How suspicious a request is. */
export interface RiskNote {
  /** 0 to 200; the caller's score where one is kept, else that of this request alone. */
  readonly score: number
  /** Names of the strongest signals, at most 8. */
  readonly signals: readonly string[]
}

/** A line for the stream of security events. */
export interface SecurityEvent {
  /** OWASP logging vocabulary, or `sp_…`. */
  readonly name: string
  readonly level: 'info' | 'warn' | 'critical'
  readonly control: string
  readonly reason: string
  readonly detail?: string
}

/** An alternative of the operation's `security` that is met, with who stands behind each scheme. */
export interface MetAlternative {
  readonly proofs: readonly { readonly principal: Principal; readonly scopes: readonly string[] }[]
}

/** What the API answered; built by the edge's call, read by response guards. */
export interface UpstreamResponse {
  readonly status: number
  readonly headers: HeaderTable
}

/** What the API says of an object when the gateway asks for itself; the body without any content coding. */
export interface ObjectAnswer {
  readonly status: number
  readonly body: Buffer
}

/** Makes a value of bytes that are known to be sound. Must not throw. */
export type ReadHeldBody = (bytes: Buffer) => unknown

const NO_QUERY: CanonicalQuery = { text: '', pairs: [] }

const NO_ANSWER = Promise.resolve(undefined)

/** One request and its answer on the way through. Every field has one writer, named beside it. */
export class Exchange {
  readonly id: string
  readonly head: RequestHead
  /** Wall clock, milliseconds. */
  readonly startedMs: number

  /** `address`: the client's address, and the key limits use for it (IPv6 by /64). */
  clientAddress = ''
  clientKey = ''
  /** `network`: says where an address is; `undefined`: no database is configured. */
  placeOfClient: ((address: string) => ClientPlace | undefined) | undefined = undefined
  /** `address`: TLS ends here, or a trusted proxy says that it ended there. */
  isSecure = false
  /** `address`: an unlisted proxy stands in front, so one address may be everybody: no bans by address. */
  hidesClients = false
  /** `target`; and `token-parameters`, which puts values in place of tokens, here and in `pathValues`. */
  path = ''
  query: CanonicalQuery = NO_QUERY
  /** `target`: what is noted of the target as it came, where it came before. */
  targetNotes: TargetNotes | undefined = undefined
  /** `routes`: the operation and the raw (still percent-encoded) values of its path parameters, in template order. */
  site: Site | undefined = undefined
  pathValues: readonly string[] = []
  /** `routes`: a CORS preflight for the operation in `site`. */
  isPreflight = false
  /** `authenticate`: who is calling, and the alternatives of the document that the credentials meet. */
  principal: Principal = ANONYMOUS
  met: readonly MetAlternative[] = []
  /** `authenticate`: nobody has proven yet who is calling, neither we nor the API; limits count the address. */
  countsAsAddress = false
  /** `authenticate`: the gateway's own keys that were shown, for the control that holds each to its restrictions. */
  keys: readonly VerifiedKey[] = []
  /** Guards of the authorize stage: the first that allowed; the runner denies when it stays `undefined`. */
  authorizedBy: string | undefined = undefined
  /** `parameters` */
  parameters: ParameterValues | undefined = undefined
  /** `body`: whether there was a body that was decoded, or will be once somebody asks for it. */
  hasBodyValue = false
  /** `body`: strings of the body that may lead inside, where somebody looked. */
  leadingTexts: LeadingTexts | undefined = undefined
  /**
   * `body`: no name stands in it that the document does not list, and of the texts that the document declares with the
   * format `uri`, those that are no plain https URL of a public name are among `leadingTexts`.
   */
  areUrlsTold = false
  /** Edge: bytes of the body as they will be forwarded, when the operation buffers. */
  bodyBytes: Buffer | undefined = undefined

  /** `objects`: the method that the API gets where it is not the client's, GET for HEAD. */
  upstreamMethod: string | undefined = undefined

  /** Edge, through the gateway. */
  upstream: UpstreamResponse | undefined = undefined
  /** Runner, for response guards: the body to send in place of the API's. */
  replacement: Buffer | undefined = undefined
  /** `responses`, and who only leaves fields out after it: an answer that was seen to hold nothing like a secret. */
  quietBytes: Buffer | undefined = undefined
  /** Flat list of fields that go on every answer to this request: limits, CORS, deprecation. */
  readonly answerHeaders: string[] = []

  /** Controls of the block `detect`, by `noteRisk`; `undefined`: nothing was suspicious. */
  risk: RiskNote | undefined = undefined

  /** Runner. */
  decision: DecisionRecord | undefined = undefined
  readonly observed: DecisionRecord[] = []
  readonly repaired: DecisionRecord[] = []
  readonly events: SecurityEvent[] = []
  /** Guards, while an API is being adopted: what differs from the document although nothing would be refused. */
  lessons: FindEvidence[] | undefined = undefined

  /** Gateway, for the record. */
  status = 0
  bytesIn = 0
  bytesOut = 0
  upstreamMs = 0
  abortedBy: 'client' | 'upstream' | undefined = undefined
  /** Edge, by `abandon`: nobody waits for a verdict any more. No hook runs from here on but `onEnd`. */
  isAbandoned = false
  #body: unknown = undefined
  #readBody: ReadHeldBody | undefined = undefined
  #heldBody: Buffer | undefined = undefined
  #abandonment: AbortController | undefined = undefined
  /** Monotonic milliseconds at the start, for durations. */
  readonly startedAt: number

  constructor(id: string, head: RequestHead, startedMs: number) {
    this.id = id
    this.head = head
    this.startedMs = startedMs
    this.startedAt = performance.now()
  }

  /** `body`: the decoded body; `undefined`: there was none, or nobody reads such bytes. */
  get body(): unknown {
    const read = this.#readBody
    if (read !== undefined && this.#heldBody !== undefined) {
      this.#body = read(this.#heldBody)
      this.#readBody = undefined
      this.#heldBody = undefined
    }
    return this.#body
  }

  set body(value: unknown) {
    this.#readBody = undefined
    this.#heldBody = undefined
    this.#body = value
  }

  /** `body`: these bytes are the body, and `read` makes a value of them for whoever asks first; most do not. */
  holdBody(bytes: Buffer, read: ReadHeldBody): void {
    this.#heldBody = bytes
    this.#readBody = read
  }

  /** Ends what hooks still wait for; made when it is first asked for. */
  get signal(): AbortSignal {
    this.#abandonment ??= new AbortController()
    if (this.isAbandoned) this.#abandonment.abort()
    return this.#abandonment.signal
  }

  /** For the edge: the exchange is over, or answered, while a verdict is still waited for. */
  abandon(): void {
    this.isAbandoned = true
    this.#abandonment?.abort()
  }

  /**
   * GETs an object of the API with this caller's rights, outside of the exchange. `path`: public, canonical, without
   * query. At most 1 MiB. `undefined`: no whole answer came. Never rejects.
   */
  readObject(_site: Site, _path: string): Promise<ObjectAnswer | undefined> {
    return NO_ANSWER
  }
}
