import { ConfigError } from '../../base/config-error.ts'
import { didYouMean } from '../../base/suggest.ts'
import type { Policy } from '../policy.ts'
import type { ConditionFacts } from './facts.ts'
import { ANY, STRING, STRINGS } from './value-type.ts'
import type { ValueType } from './value-type.ts'

/** What a condition may name: what the operation declares. Names of header parameters are in lower case. */
export interface ConditionScope {
  /** How messages call the operation, such as `GET /orders/{id}`. */
  readonly label: string
  readonly path: ReadonlyMap<string, ValueType>
  readonly query: ReadonlyMap<string, ValueType>
  readonly header: ReadonlyMap<string, ValueType>
  readonly cookie: ReadonlyMap<string, ValueType>
  /** The body that the operation takes; `undefined`: it takes none that could be read. */
  readonly body: ValueType | undefined
  /** The object in the response that the condition is about; `undefined`: the response cannot be named here. */
  readonly response: ValueType | undefined
  /** Path of the claim that holds a token's tenant. */
  readonly tenantClaim: readonly string[]
  /** What the gateway is set up to know of clients. */
  readonly clients?: KnownOfClients
  /** Whom relations and look-ups are asked of; `undefined`: they cannot be asked for here. */
  readonly facts?: ConditionFacts | undefined
}

/** Names of clients that need something to be configured. */
export type KnownOfClients = Pick<Policy['listen'], 'asksCertificates' | 'knowsPlaces'>

/** What has to be known before a condition can be judged, from early to late. */
export const NEEDS = ['head', 'parameters', 'body', 'response'] as const
export type Need = (typeof NEEDS)[number]

/** The first word of a name. */
export type Root =
  | 'subject'
  | 'path'
  | 'query'
  | 'header'
  | 'cookie'
  | 'body'
  | 'response'
  | 'network'
  | 'now'
  | 'tls'
  | 'certificate'
  | 'acr'
  | 'amr'

/** A name in a condition, such as `path.userId`, found in the scope. */
export interface Reference {
  readonly root: Root
  /** Where the value stands below the root. */
  readonly steps: readonly string[]
  /** The same as it was written, which may be shorter. */
  readonly written: readonly string[]
  readonly type: ValueType
  readonly needs: Need
}

const SUBJECT: ReadonlyMap<string, ValueType> = new Map([
  ['id', STRING],
  ['kind', STRING],
  ['issuer', STRING],
  ['tenant', STRING],
  ['credential', STRING],
  ['roles', STRINGS],
  ['groups', STRINGS],
  ['scopes', STRINGS],
  ['claims', ANY],
])
const NETWORK: ReadonlyMap<string, ValueType> = new Map([
  ['ip', STRING],
  ['country', STRING],
  ['region', STRING],
])
const TLS: ReadonlyMap<string, ValueType> = new Map([
  ['version', STRING],
  ['cipher', STRING],
  ['serverName', STRING],
])

const CERTIFICATE: ReadonlyMap<string, ValueType> = new Map([
  ['subject', STRING],
  ['issuer', STRING],
  ['san', STRINGS],
  ['fingerprint', STRING],
])

/** Words under which somebody may look for a name, with the name. */
const CALLED_OTHERWISE: ReadonlyMap<string, string> = new Map([
  ['country', 'network.country'],
  ['region', 'network.region'],
  ['ip', 'network.ip'],
  ['time', 'now'],
  ['user', 'subject'],
  ['mtls', 'certificate'],
])

const PARAMETER_ROOTS = ['path', 'query', 'header', 'cookie'] as const

/**
 * Finds what a name means.
 * @param words the name, split: `['path', 'userId']`.
 * @throws ConfigError at `at` where the operation has nothing of that name.
 */
export function resolveName(
  words: readonly string[],
  scope: ConditionScope,
  at: string,
): Reference {
  const [root = '', ...steps] = words
  const type = rootType(root, scope)
  if (type === undefined) throw unknownRoot(root, scope, at)
  if (root === 'subject') return subjectName(steps, at)
  refuseUnknowable(words, scope, at)
  return {
    root: root as Root,
    steps,
    written: steps,
    type: memberType({ type, words, scope, at }),
    needs: needsOf(root),
  }
}

function rootType(root: string, scope: ConditionScope): ValueType | undefined {
  switch (root) {
    case 'subject':
      return objectOf(SUBJECT)
    case 'path':
    case 'query':
    case 'header':
    case 'cookie':
      return objectOf(scope[root])
    case 'body':
      return scope.body
    case 'response':
      return scope.response
    case 'network':
      return objectOf(NETWORK)
    case 'tls':
      return objectOf(TLS)
    case 'certificate':
      return objectOf(CERTIFICATE)
    case 'now':
      return { kind: 'timestamp' }
    case 'acr':
      return STRING
    case 'amr':
      return STRINGS
    default:
      return undefined
  }
}

const ROOTS: readonly Root[] = [
  'subject',
  ...PARAMETER_ROOTS,
  'body',
  'response',
  'network',
  'now',
  'tls',
  'certificate',
  'acr',
  'amr',
]

/** Whether a name is the address of the client, which is looked for in ranges. */
export function isAddress(reference: Reference | undefined): boolean {
  return reference?.root === 'network' && reference.steps[0] === 'ip'
}

/** Whether a word begins a name, so that nothing else may be called so. */
export function isRoot(word: string): boolean {
  return (ROOTS as readonly string[]).includes(word) || CALLED_OTHERWISE.has(word)
}

function objectOf(fields: ReadonlyMap<string, ValueType>): ValueType {
  return { kind: 'object', fields, isOpen: false }
}

function needsOf(root: string): Need {
  if ((PARAMETER_ROOTS as readonly string[]).includes(root)) return 'parameters'
  return root === 'body' || root === 'response' ? root : 'head'
}

/** `subject.accounts` is short for `subject.claims.accounts`, unless it looks like a known name with a mistake. */
function subjectName(steps: readonly string[], at: string): Reference {
  const [first, ...rest] = steps
  const about = { root: 'subject', needs: 'head', written: steps } as const
  if (first === undefined)
    throw fault(at, 'subject alone is no value', 'name a part: subject.id, subject.roles')
  const type = SUBJECT.get(first)
  if (type === undefined) {
    const near = didYouMean(first, SUBJECT.keys())
    if (near !== undefined)
      throw fault(
        at,
        `subject has no ${first}`,
        `${near} a claim is written subject.claims.${first}`,
      )
    return { ...about, steps: ['claims', ...steps], type: ANY }
  }
  if (rest.length > 0 && first !== 'claims')
    throw fault(at, `subject.${first} has no parts`, `write subject.${first}`)
  return { ...about, steps, type }
}

interface Walk {
  readonly type: ValueType
  readonly words: readonly string[]
  readonly scope: ConditionScope
  readonly at: string
}

function memberType({ type, words, scope, at }: Walk): ValueType {
  const [root = '', ...steps] = words
  let here = type
  for (const [index, step] of steps.entries()) {
    if (here.kind === 'any') return ANY
    const name = [root, ...steps.slice(0, index)].join('.')
    if (here.kind !== 'object')
      throw fault(
        at,
        `${name} is a ${here.kind}: it has no ${JSON.stringify(step)}`,
        `write ${name}`,
      )
    const next: ValueType | undefined = here.fields.get(step) ?? (here.isOpen ? ANY : undefined)
    if (next === undefined)
      throw fault(at, `${scope.label} declares no ${name}.${step}`, nearest(step, here.fields))
    here = next
  }
  return here
}

function nearest(step: string, fields: ReadonlyMap<string, ValueType>): string {
  if (fields.size === 0) return 'it declares none of that kind'
  return didYouMean(step, fields.keys()) ?? `it has ${[...fields.keys()].slice(0, 12).join(', ')}`
}

/** A name that can never have a value would make its condition fail for everybody. */
function refuseUnknowable(
  [root, part]: readonly string[],
  { clients = {} }: ConditionScope,
  at: string,
): void {
  if (root === 'certificate' && clients.asksCertificates !== true)
    throw fault(
      at,
      'no client is asked for a certificate here',
      'write listen.tls.clientCa, or leave certificate out',
    )
  const isPlace = root === 'network' && (part === 'country' || part === 'region')
  if (isPlace && clients.knowsPlaces !== true)
    throw fault(
      at,
      `network.${part} needs a database of countries, and none is configured`,
      'write network.geo: file:country.mmdb, or leave it out',
    )
}

function unknownRoot(root: string, scope: ConditionScope, at: string): ConfigError {
  const other = CALLED_OTHERWISE.get(root)
  if (other !== undefined) return fault(at, `there is no ${root}`, `write ${other}`)
  if (root === 'response')
    return fault(at, `response is not available yet for ${scope.label}`, 'leave it out')
  if (root === 'body')
    return fault(at, `${scope.label} declares no body that can be read`, 'name something else')
  return fault(
    at,
    `there is no ${root}`,
    didYouMean(root, ROOTS) ?? `there are ${ROOTS.join(', ')}`,
  )
}

function fault(path: string, message: string, cure: string): ConfigError {
  return new ConfigError({ path, message, cure })
}

/** The scope of something that is no operation: nothing of a request but who, when and from where. */
export function headScope(
  label: string,
  tenantClaim: readonly string[],
  clients: KnownOfClients = {},
): ConditionScope {
  const none: ReadonlyMap<string, ValueType> = new Map()
  return {
    label,
    path: none,
    query: none,
    header: none,
    cookie: none,
    body: undefined,
    response: undefined,
    tenantClaim,
    clients,
  }
}
