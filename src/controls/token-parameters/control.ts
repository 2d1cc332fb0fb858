import type { Parameter } from '../../openapi/model.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { TokenRule } from '../../pipeline/field-class.ts'
import type { Policy } from '../../pipeline/policy.ts'
import type { Site } from '../../pipeline/site.ts'
import { callerRoles } from '../caller-roles.ts'
import { tenantOf } from '../keyed-actions.ts'
import type { Kit } from '../kit.ts'
import { openText, tellOpened, withValues } from '../tokens/token-parts.ts'
import type { Opened, Opening } from '../tokens/token-parts.ts'
import { configureTokenParameters } from './config.ts'
import { namedParameter } from './named-parameter.ts'

const INVALID = { status: 400, problem: 'invalid_parameter', title: 'Invalid parameter' } as const

/** Opens tokens in declared parameters before these are checked, for the roles that may. */
export const tokenParameters: Control<Policy, Kit> = {
  name: 'token-parameters',
  ids: ['OUT-03'],
  stage: 'validate',
  scope: 'operation',
  block: 'data',
  adopt: 'enforce',
  onFault: 'deny',
  reasons: {
    token_refused: { ...INVALID, event: 'authz_fail' },
    token_unknown: { ...INVALID, event: 'input_validation_fail' },
    token_expected: { ...INVALID, event: 'authz_fail' },
    // The same face as an object that is not there.
    path_token: { status: 404, problem: 'not_found', title: 'Not found', event: 'authz_fail' },
  },
  configure: configureTokenParameters,
  compile: (policy, site, kit) => (site === undefined ? undefined : guardOf(policy, site, kit)),
}

/** A parameter whose values are tokens. */
interface Place {
  readonly parameter: Parameter
  readonly rule: TokenRule
  /** Of path parameters: their number in the template. */
  readonly index: number
}

function guardOf(policy: Policy, site: Site, kit: Kit): Guard | undefined {
  const places = placesOf(policy, site)
  if (places.length === 0) return undefined
  const roles = callerRoles(policy)
  const shape = new PathShape(site)
  return {
    onRequest: (exchange) => {
      const tenant = tenantOf(exchange.principal, policy.auth.tenantClaim)
      const walk = new Walk(exchange, { keys: kit.dataKeys, tenant }, roles.of(exchange))
      for (const place of places) walk.visit(place)
      return walk.denial ?? walk.finish(shape)
    },
  }
}

function placesOf(policy: Policy, { operation }: Site): readonly Place[] {
  const inPath: readonly string[] = operation.template.match(/\{[^{}]*\}/g) ?? []
  return [...policy.data.tokenize.values()].flatMap((rule) =>
    (rule.parameters ?? []).flatMap((text) => {
      const parameter = namedParameter(text, operation)
      return parameter === undefined
        ? []
        : [{ parameter, rule, index: inPath.indexOf(`{${parameter.name}}`) }]
    }),
  )
}

type Refused = Extract<Opened, `token_${string}`> | 'token_expected'

/** Looks at the values of one request. Nothing is changed before all are known. */
class Walk {
  denial: Denial | undefined = undefined
  readonly #exchange: Exchange
  readonly #opening: Opening
  readonly #roles: readonly string[]
  readonly #path = new Map<number, string>()
  readonly #query = new Map<number, string>()
  readonly #opened: string[] = []

  constructor(exchange: Exchange, opening: Opening, roles: readonly string[]) {
    this.#exchange = exchange
    this.#opening = opening
    this.#roles = roles
  }

  visit({ parameter, rule, index }: Place): void {
    const { name, place } = parameter
    const { pathValues, query } = this.#exchange
    if (place === 'path') {
      const raw = pathValues[index]
      const value = raw === undefined ? undefined : this.#open(decoded(raw), rule, parameter)
      if (value !== undefined) this.#path.set(index, value)
      return
    }
    for (const [at, [key, sent]] of query.pairs.entries()) {
      const value = key === name ? this.#open(sent, rule, parameter) : undefined
      if (value !== undefined) this.#query.set(at, value)
    }
  }

  #open(sent: string, rule: TokenRule, parameter: Parameter): string | undefined {
    const mayOpen = rule.open.some((role) => this.#roles.includes(role))
    if (rule.form === 'fpe' && !mayOpen) return undefined
    const decision = rule.form === 'fpe' ? 'open-form' : mayOpen ? 'open' : 'refuse'
    const opened = openText(sent, decision, this.#opening)
    if (typeof opened === 'object') {
      if (parameter.place === 'path' && !isSegment(opened.value))
        return this.#refuse('token_unknown', parameter)
      this.#opened.push(`${parameter.place}/${parameter.name}`)
      return opened.value
    }
    if (opened !== 'same') return this.#refuse(opened, parameter)
    // Who is shown values may send them; whoever has only tokens would be guessing.
    const maySend = rule.form === 'fpe' || rule.read.some((role) => this.#roles.includes(role))
    return maySend ? undefined : this.#refuse('token_expected', parameter)
  }

  #refuse(why: Refused, { place, name }: Parameter): undefined {
    const reason = place === 'path' ? 'path_token' : why
    const errors = [{ pointer: `${place}/${name}`, detail: 'is no token of yours' }]
    const told = place === 'path' ? {} : { errors }
    this.denial ??= { reason, detail: `${place}/${name}: ${why}`, ...told }
  }

  /** Writes path and query anew, as if the values had been sent. */
  finish(shape: PathShape): Denial | undefined {
    const exchange = this.#exchange
    if (this.#opened.length === 0) return undefined
    if (this.#path.size > 0) {
      const values = exchange.pathValues.map((raw, index) => {
        const value = this.#path.get(index)
        return value === undefined ? raw : encodeURIComponent(value)
      })
      if (shape.filled(exchange.pathValues) !== exchange.path)
        return { reason: 'path_token', detail: 'the path is not that of its template' }
      exchange.path = shape.filled(values)
      exchange.pathValues = values
    }
    if (this.#query.size > 0) exchange.query = this.#newQuery()
    tellOpened(exchange, 'token-parameters', this.#opened)
    return undefined
  }

  #newQuery(): Exchange['query'] {
    const { text, pairs } = this.#exchange.query
    return {
      text: withValues(text, this.#query),
      pairs: pairs.map((pair, index) => {
        const value = this.#query.get(index)
        return value === undefined ? pair : [pair[0], value, encodeURIComponent(value)]
      }),
    }
  }
}

/** The public path of an operation, to be filled with encoded values. */
class PathShape {
  readonly #parts: readonly string[]

  constructor({ operation, publicBase }: Site) {
    this.#parts = `${publicBase}${operation.template}`.split(/\{[^{}]*\}/)
  }

  filled(values: readonly string[]): string {
    return this.#parts.map((part, index) => part + (values[index] ?? '')).join('')
  }
}

/** The canonical path was decoded before; what cannot be is no token. */
function decoded(raw: string): string {
  try {
    return decodeURIComponent(raw)
  } catch {
    return raw // as it stands it is judged as no token
  }
}

/** One segment that leads nowhere else: what was made a token may be any text. */
function isSegment(value: string): boolean {
  return value !== '' && value !== '.' && value !== '..' && !/[/\\\u0000-\u001f\u007f]/.test(value)
}
