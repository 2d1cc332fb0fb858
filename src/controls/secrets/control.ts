import { isJson } from '../../http/media-type.ts'
import type { FieldEdge } from '../../openapi/fields/graph.ts'
import type { Operation, ResponseModel } from '../../openapi/model.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { SecurityEvent, UpstreamResponse } from '../../pipeline/exchange.ts'
import type { Policy } from '../../pipeline/policy.ts'
import type { Site } from '../../pipeline/site.ts'
import { schemasOf } from '../responses/declared.ts'
import { soundsLikeAuth } from '../auth-zone/is-auth-operation.ts'
import { answerType } from '../answer-type.ts'
import { fieldMarks } from '../field-marks.ts'
import type { FieldMark } from '../field-marks.ts'
import { jsonAnswer } from '../json-answer.ts'
import type { ApiRuntime, Kit } from '../kit.ts'
import { declaredResponse } from '../responses/declared.ts'
import { rewriteJson } from '../rewrite-json.ts'
import { configureSecrets } from './config.ts'
import { withoutSecrets } from './detectors.ts'
import type { SecretKind } from './detectors.ts'
import { redactValue } from './redact-json.ts'
import type { Search } from './redact-json.ts'
import { mayHoldSecret } from './scan.ts'
import { secretWatch } from './secret-watch.ts'

/** Takes private keys, cloud keys, tokens, connection strings, cards and IBANs out of texts that leave. */
export const secrets: Control<Policy, Kit> = {
  name: 'secrets',
  ids: ['OUT-02'],
  stage: 'filter',
  scope: 'operation',
  block: 'data',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    secret: {
      status: 502,
      problem: 'bad_gateway',
      title: 'Bad gateway',
      event: 'sp_response_leak_blocked',
      level: 'critical',
    },
  },
  configure: configureSecrets,
  compile: (policy, site, kit) => {
    const api = site === undefined ? undefined : kit.apis.get(site.operation.api)
    return site === undefined || api === undefined ? undefined : secretsGuard(policy, site, api)
  },
}

/** What a log-in exists to hand out: it passes where the document leaves the answer open. */
const HANDED_OUT = /^(?:(?:access|refresh|id|auth|session|bearer|jwt)[_-]?)?(?:token|jwt)$/i
/** Longer texts that are no JSON are streamed, not held. */
const MAX_TEXT_BYTES = 1024 * 1024

function secretsGuard(policy: Policy, { operation }: Site, api: ApiRuntime): Guard {
  const isLogIn = soundsLikeAuth(operation)
  const search: Search = { isHandedOut: (name) => isLogIn && HANDED_OUT.test(name) }
  const places = new Places(operation, api, policy)
  return {
    wantsResponseBody: (_exchange, response) => kindOf(response) !== undefined,
    watchesResponse: ({ events }, { headers }) =>
      isText(headers) ? secretWatch((kinds) => events.push(coveredEvent(kinds))) : undefined,
    onResponseBody: (exchange, body) => {
      const { upstream } = exchange
      const bytes = exchange.replacement ?? body
      const kind = upstream === undefined ? undefined : kindOf(upstream)
      if (upstream === undefined || kind === undefined) return undefined
      if (kind === 'json' && bytes === exchange.quietBytes) return undefined
      if (!mayHoldSecret(bytes)) return undefined
      const value = kind === 'json' ? jsonAnswer(bytes) : undefined
      // What is called JSON and is none is a text like others.
      if (value === undefined) return redactedText(bytes)
      const redacted = redactValue(value.value, places.of(upstream.status), search)
      if (redacted.value === value.value) return undefined
      const found = redacted.findings.map(({ kind, pointer }) => `${kind} at ${pointer || '/'}`)
      const repair = rewriteJson(redacted.value, value.text, value.value)
      return { reason: 'secret', detail: found.join(', ').slice(0, 1000), repair }
    },
  }
}

function coveredEvent(kinds: readonly SecretKind[]): SecurityEvent {
  return Object.freeze({
    name: 'sp_response_leak_blocked',
    level: 'critical',
    control: 'secrets',
    reason: 'secret',
    detail: `${kinds.join(', ')} in a stream`,
  })
}

/** Whether an answer is looked at: JSON always, other texts while they are short. */
function kindOf({ headers }: UpstreamResponse): 'json' | 'text' | undefined {
  const essence = answerType(headers) ?? ''
  if (isJson(essence)) return 'json'
  if (!isText(headers) || essence === 'text/event-stream') return undefined
  return Number(headers.get('content-length') ?? Infinity) <= MAX_TEXT_BYTES ? 'text' : undefined
}

function isText(headers: UpstreamResponse['headers']): boolean {
  const essence = answerType(headers) ?? ''
  return essence.startsWith('text/') || essence.endsWith('xml')
}

/** Byte by byte, whatever the charset: all that is looked for is ASCII. */
function redactedText(bytes: Buffer): Denial | undefined {
  const found = withoutSecrets(bytes.toString('latin1'))
  return found === undefined
    ? undefined
    : {
        reason: 'secret',
        detail: found.kinds.join(', '),
        repair: Buffer.from(found.text, 'latin1'),
      }
}

/** Where fields stand in each declared response; made when an answer is first suspected. */
class Places {
  readonly #operation: Operation
  readonly #api: ApiRuntime
  readonly #policy: Policy
  readonly #known = new Map<ResponseModel, FieldEdge<FieldMark>>()

  constructor(operation: Operation, api: ApiRuntime, policy: Policy) {
    this.#operation = operation
    this.#api = api
    this.#policy = policy
  }

  of(status: number): FieldEdge<FieldMark> | undefined {
    const declared = declaredResponse(this.#operation, status)
    if (declared === undefined) return undefined
    const known = this.#known.get(declared)
    if (known !== undefined) return known
    const place = fieldMarks(this.#api, this.#policy).place(schemasOf(declared))
    this.#known.set(declared, place)
    return place
  }
}
