import { isJson, matchMediaType, parseMediaType } from '../../http/media-type.ts'
import type { MediaType } from '../../http/media-type.ts'
import type { Operation } from '../../openapi/model.ts'
import type { Validate } from '../../openapi/schema/contract.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Evidence } from '../../pipeline/evidence.ts'
import type { Exchange, UpstreamResponse } from '../../pipeline/exchange.ts'
import { bodyShape } from '../adopt-evidence.ts'
import { declaredResponse } from './declared.ts'
import { droppedEvidence, openEvidence } from './evidence.ts'

/** Gathers what answers say about the document, while the API is being adopted. Nothing is computed before it is asked. */
export class Lessons {
  readonly #operation: Operation
  /** Bodies of answers whose status or type is not declared, until somebody asks. */
  readonly #bodies = new WeakMap<Exchange, Buffer>()

  constructor(operation: Operation) {
    this.#operation = operation
  }

  /** The refusal of a head, with what the document lacks. The shape of the body is known once it has come. */
  ofHead(exchange: Exchange, denial: Denial): Denial {
    return { ...denial, evidence: () => [this.#undeclared(exchange)] }
  }

  /** A body that no schema describes: kept for the evidence of its head, or an open place itself. */
  undescribed(exchange: Exchange, body: Buffer): void {
    const { upstream } = exchange
    const type = upstream === undefined ? undefined : typeOf(upstream)
    if (upstream === undefined || type === undefined || !isJson(type.essence)) return
    const bytes = exchange.replacement ?? body
    const declared = this.#declared(upstream)
    if (declared === undefined) this.#bodies.set(exchange, bytes)
    else {
      const pointer = `${declared}#`
      exchange.lessons ??= []
      exchange.lessons.push(() => [
        { kind: 'response-open-schema', pointer, sample: bodyShape(bytes) },
      ])
    }
  }

  /** Places of a body about whose fields the schema says nothing. */
  open(exchange: Exchange, value: unknown, open: readonly string[]): void {
    const name = this.#placeName(exchange)
    if (open.length > 0) (exchange.lessons ??= []).push(() => openEvidence({ name, value }, open))
  }

  /** The refusal of fields, with what the document lacks. */
  dropped(
    exchange: Exchange,
    denial: Denial,
    found: {
      readonly value: unknown
      readonly pointers: readonly string[]
      readonly validate: Validate
    },
  ): Denial {
    const place = { name: this.#placeName(exchange), value: found.value }
    return { ...denial, evidence: () => droppedEvidence(place, found.pointers, found.validate) }
  }

  #undeclared(exchange: Exchange): Evidence {
    const { upstream } = exchange
    const status = upstream?.status ?? 0
    const declared = declaredResponse(this.#operation, status)
    const essence = upstream === undefined ? undefined : typeOf(upstream)?.essence
    return {
      kind:
        declared === undefined ? 'response-undeclared-status' : 'response-undeclared-media-type',
      pointer: [declared?.status ?? String(status), essence ?? ''].join(' ').trim(),
      sample: bodyShape(this.#bodies.get(exchange)),
    }
  }

  /** `200 application/json` as the document writes it; `undefined` where it declares no such answer. */
  #declared(upstream: UpstreamResponse): string | undefined {
    const declared = declaredResponse(this.#operation, upstream.status)
    const actual = typeOf(upstream)
    const type =
      declared === undefined || actual === undefined
        ? undefined
        : matchMediaType(
            declared.content.map((one) => one.type),
            actual,
          )
    return declared === undefined || type === undefined ? undefined : `${declared.status} ${type}`
  }

  #placeName({ upstream }: Exchange): string {
    return (upstream === undefined ? undefined : this.#declared(upstream)) ?? ''
  }
}

function typeOf({ headers }: UpstreamResponse): MediaType | undefined {
  return parseMediaType(headers.get('content-type') ?? '')
}
