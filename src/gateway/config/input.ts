import type { Priority, Sensitivity, WhenStoreFails } from '../../pipeline/policy.ts'
import type { DetectInput } from './detect-input.ts'
import type { LogsInput } from './logs-input.ts'

/** `off` in YAML stays a word (YAML 1.2); `false` is what people write in TypeScript. Both mean off. */
export type OffInput = 'off' | false
export type ModeInput = 'enforce' | 'monitor' | OffInput
type OneOrMore = string | readonly string[]

/** The signed word about the caller, as an object; `true` and `false` are the short forms. */
export interface IdentityInput {
  audience?: string | undefined
  issuer?: string | undefined
}

/** One of several places where an API runs; a plain URL has the weight 1. */
export interface UpstreamOriginInput {
  url: string
  weight?: number | undefined
}

/** How an API is asked whether it is well; a path is the short form. */
export interface HealthCheckInput {
  path: string
  every?: string | undefined
  timeout?: string | undefined
}

/** One upstream, as an object; a plain URL is the short form. */
export interface UpstreamObjectInput {
  url?: string | undefined
  urls?: readonly (string | UpstreamOriginInput)[] | undefined
  protocol?: 'http/1.1' | 'h2' | undefined
  timeout?: string | undefined
  connectTimeout?: string | undefined
  ca?: string | undefined
  cert?: string | undefined
  key?: string | undefined
  allowPlain?: boolean | undefined
  retry?: 0 | 1 | undefined
  breaker?: string | false | undefined
  health?: string | HealthCheckInput | undefined
  stripBasePath?: boolean | undefined
  identity?: boolean | IdentityInput | undefined
}

/** One API: its document and where it runs. */
export interface ApiInput {
  openapi: string
  overlays?: readonly string[] | undefined
  upstream: string | UpstreamObjectInput
  basePath?: string | undefined
}

/** The profile for an API that exists already. */
export interface ProfileInput {
  name: 'adopt'
  until: string
  graduated?: readonly string[] | undefined
}

/** Certificate and key of the HTTPS port. */
export interface TlsObjectInput {
  cert: string
  key: string
  min?: '1.2' | '1.3' | 1.2 | 1.3 | undefined
}

/** Where the gateway listens and whom it believes. */
export interface ListenInput {
  https?: number | undefined
  http?: number | undefined
  plain?: 'redirect' | 'refuse' | 'serve' | undefined
  tls?: 'auto' | TlsObjectInput | undefined
  hsts?: string | false | undefined
  trustedProxies?: readonly string[] | undefined
  forwardedHeader?: 'x-forwarded-for' | 'forwarded' | undefined
  proxyProtocol?: 'v2' | undefined
  cors?: readonly string[] | undefined
  hosts?: readonly string[] | undefined
  health?: number | string | undefined
  address?: string | undefined
}

/** One issuer of tokens. */
export interface IssuerInput {
  audience?: OneOrMore | undefined
  secret?: string | undefined
  secretEncoding?: 'text' | 'base64' | 'hex' | undefined
  algs?: readonly string[] | undefined
  maxAge?: string | undefined
  skew?: string | undefined
  jwks?: string | undefined
  typ?: OneOrMore | undefined
}

/** One kind of tokens that an API signs itself. */
export interface WrapInput {
  api?: string | undefined
  operation: OneOrMore
  field?: string | undefined
  header?: string | undefined
  cookie?: string | undefined
  subject: string
  claims?: readonly string[] | undefined
  expires?: string | undefined
  logout?: OneOrMore | undefined
  opens?: Readonly<Record<string, string>> | undefined
}

/** How callers prove who they are. */
export interface AuthInput {
  apiKey?:
    | {
        prefix?: string | undefined
        expires?: string | undefined
        overlap?: string | undefined
      }
    | undefined
  jwt?: { issuers: Readonly<Record<string, IssuerInput>> } | undefined
  wrap?: WrapInput | readonly WrapInput[] | undefined
  schemes?: Readonly<Record<string, 'apiKey' | 'jwt' | 'wrap' | 'upstream'>> | undefined
  roles?: string | undefined
  groups?: string | undefined
  tenant?: string | undefined
  mode?: ModeInput | undefined
}

/** Callers, by any of their names. */
export interface AclNamesInput {
  roles?: readonly string[] | undefined
  groups?: readonly string[] | undefined
  subjects?: readonly string[] | undefined
  when?: string | undefined
}

/** Who may call one operation. */
export interface AclEntryInput extends AclNamesInput {
  deny?: AclNamesInput | undefined
}

/** A role with more than permissions; a list of permissions is the short form. */
export interface RoleInput {
  allow?: readonly string[] | undefined
  includes?: readonly string[] | undefined
  when?: string | undefined
}

/** Who may see and set a field; a list of roles, or what each role is shown. */
export interface FieldRuleInput {
  read?: readonly string[] | Readonly<Record<string, string>> | undefined
  write?: readonly string[] | undefined
}

/** Where the operator's own decisions are made. */
export interface DecisionInput {
  url: string
  type?: 'authzen' | 'opa' | undefined
  timeout?: string | undefined
  cache?: string | false | undefined
  token?: string | undefined
  operations?: readonly string[] | undefined
}

/** Which fields a parameter names: everybody's, always these, or by value. */
export type NamedFieldsInput =
  | 'public'
  | readonly string[]
  | Readonly<Record<string, string | readonly string[]>>

/** Who may do what. */
export interface AuthorizeInput {
  roles?: Readonly<Record<string, readonly string[] | RoleInput>> | undefined
  acl?: Readonly<Record<string, AclEntryInput>> | undefined
  operations?: Readonly<Record<string, string>> | undefined
  decision?: DecisionInput | undefined
  schemas?: Readonly<Record<string, string>> | undefined
  fields?: Readonly<Record<string, FieldRuleInput>> | undefined
  queries?: Readonly<Record<string, 'own' | Readonly<Record<string, NamedFieldsInput>>>> | undefined
  lookups?: Readonly<Record<string, LookupInput>> | undefined
  denied?: 404 | 403 | undefined
  strict?: boolean | undefined
  mode?: ModeInput | undefined
}

/** Where a value is read by an id: a database with a query, or an operation with the place in its answer. */
export interface LookupInput {
  from?: string | undefined
  query?: string | undefined
  operation?: string | undefined
  value?: string | undefined
  cache?: string | false | undefined
  timeout?: string | undefined
}

/** Bounds for what the document leaves unbounded. */
export interface CapsInput {
  string?: number | OffInput | undefined
  array?: number | OffInput | undefined
  page?: number | OffInput | undefined
}

/** How strictly messages follow the document. */
export interface ValidateInput {
  request?: 'strict' | 'schema' | OffInput | undefined
  response?: 'filter' | 'strict' | 'observe' | OffInput | undefined
  maxBody?: string | undefined
  maxDepth?: number | undefined
  maxNames?: number | undefined
  urlHosts?: readonly string[] | undefined
  caps?: CapsInput | 'on' | OffInput | undefined
  mode?: ModeInput | undefined
}

/** What is shown of a class of fields: to everybody, or to each role. */
export type FieldAccessInput = string | Readonly<Record<string, string>>

/** How a field becomes a token; the form alone is the short form. */
export type TokenRuleInput =
  | 'siv'
  | 'fpe'
  | {
      form?: 'siv' | 'fpe' | undefined
      read?: readonly string[] | undefined
      open?: readonly string[] | undefined
      parameters?: readonly string[] | undefined
    }

/** What answers may reveal. */
export interface DataInput {
  errors?: 'generic' | 'pass' | undefined
  compress?: 'on' | OffInput | undefined
  secrets?: 'redact' | OffInput | undefined
  encode?: 'html' | OffInput | undefined
  uniform?: readonly string[] | Readonly<Record<string, 'failures' | 'all'>> | undefined
  mask?: readonly string[] | undefined
  classes?: Readonly<Record<string, FieldAccessInput>> | undefined
  tokenize?: Readonly<Record<string, TokenRuleInput>> | undefined
  mode?: ModeInput | undefined
}

/** The limit of one operation, as an object; a rate is the short form. */
export interface OperationLimitObjectInput {
  rate?: string | undefined
  by?: OneOrMore | undefined
  cost?: number | undefined
  concurrency?: number | undefined
  flow?: OneOrMore | undefined
}
export type OperationLimitInput = string | false | OperationLimitObjectInput

/** How many requests run at once. */
export interface ConcurrencyInput {
  total?: number | 'adaptive' | undefined
  principal?: number | undefined
}

/** When callers that are refused again and again are put aside. */
export interface PenaltiesInput {
  score?: string | undefined
  boxes?: readonly string[] | undefined
  forgive?: string | undefined
  exempt?: readonly string[] | undefined
}

/** How much is too much. */
export interface LimitsInput {
  ip?: string | false | undefined
  principal?: string | false | undefined
  policies?: Readonly<Record<string, string>> | undefined
  plans?: Readonly<Record<string, OneOrMore>> | undefined
  plan?: string | undefined
  concurrency?: number | 'adaptive' | OffInput | ConcurrencyInput | undefined
  penalties?: 'on' | OffInput | PenaltiesInput | undefined
  failures?: string | false | undefined
  errors?: string | false | undefined
  operations?: OffInput | Readonly<Record<string, OperationLimitInput>> | undefined
  headers?:
    | { aliases?: readonly string[] | undefined; reset?: 'delta' | 'epoch' | undefined }
    | undefined
  overload?: string | false | undefined
  priority?: Priority | undefined
  sensitivity?: Sensitivity | undefined
  whenStoreFails?: WhenStoreFails | undefined
  mode?: ModeInput | undefined
}

/** What a rule may say about limits: only those that are counted once the operation is known. */
export interface RuleLimitsInput {
  principal?: string | false | undefined
  operation?: OperationLimitInput | undefined
  priority?: Priority | undefined
  sensitivity?: Sensitivity | undefined
  mode?: ModeInput | undefined
}

/** What a rule says of who may call its operations, and see their fields. */
export interface RuleAuthorizeInput {
  acl?: AclEntryInput | undefined
  when?: string | undefined
  schemas?: Readonly<Record<string, string>> | undefined
  fields?: Readonly<Record<string, FieldRuleInput>> | undefined
  denied?: 404 | 403 | undefined
  mode?: ModeInput | undefined
}

/** Addresses, blocks, and files of them. */
export interface AddressRuleInput {
  allow?: readonly string[] | undefined
  deny?: readonly string[] | undefined
}

/** Countries by ISO 3166-1 alpha-2. */
export interface CountryRuleInput {
  allow?: readonly string[] | undefined
  deny?: readonly string[] | undefined
  onMissing?: 'deny' | 'allow' | undefined
  status?: 403 | 451 | undefined
}

/** Where requests for some operations may come from. */
export interface RuleNetworkInput extends AddressRuleInput {
  countries?: CountryRuleInput | undefined
  mode?: ModeInput | undefined
}

/** Where requests may come from. */
export interface NetworkInput extends RuleNetworkInput {
  listeners?:
    | { https?: AddressRuleInput | undefined; http?: AddressRuleInput | undefined }
    | undefined
  lists?:
    | Readonly<Record<string, { file: string; action?: 'deny' | 'note' | undefined }>>
    | undefined
  roles?: Readonly<Record<string, readonly string[]>> | undefined
  geo?: string | undefined
  geoMaxAge?: string | false | undefined
}

/** Where records are kept. */
export type StoreInput = string | { url: string; ca?: string | undefined }

/** Where the installation's own secrets stand. */
export type SecretsInput = string | { file?: string | undefined; key: string | readonly string[] }

/** One rule: which operations, and what holds for them. */
export interface RuleInput {
  api?: string | undefined
  operation?: OneOrMore | undefined
  operations?: OneOrMore | undefined
  path?: OneOrMore | undefined
  paths?: OneOrMore | undefined
  tag?: OneOrMore | undefined
  tags?: OneOrMore | undefined
  method?: OneOrMore | undefined
  methods?: OneOrMore | undefined
  mode?: ModeInput | undefined
  auth?: { mode?: ModeInput | undefined } | undefined
  authorize?: RuleAuthorizeInput | undefined
  validate?: ValidateInput | undefined
  data?: DataInput | undefined
  limits?: RuleLimitsInput | undefined
  network?: RuleNetworkInput | undefined
  detect?: { mode?: ModeInput | undefined } | undefined
  relax?: Readonly<Record<string, 'monitor' | OffInput>> | undefined
  why?: string | undefined
  until?: string | undefined
}

/** The whole file, as YAML or as the argument of `defineConfig`. Every key is described in docs/configuration.md. */
export interface SallyportConfig {
  openapi?: string | undefined
  overlays?: readonly string[] | undefined
  upstream?: string | UpstreamObjectInput | undefined
  basePath?: string | undefined
  apis?: Readonly<Record<string, ApiInput>> | undefined
  profile?: ProfileInput | undefined
  mode?: ModeInput | undefined
  listen?: ListenInput | undefined
  workers?: 'auto' | number | undefined
  transport?: 'node' | 'fast' | undefined
  auth?: AuthInput | undefined
  authorize?: AuthorizeInput | undefined
  validate?: ValidateInput | undefined
  data?: DataInput | undefined
  limits?: LimitsInput | undefined
  network?: NetworkInput | undefined
  detect?: DetectInput | undefined
  rules?: readonly RuleInput[] | undefined
  logs?: LogsInput | undefined
  admin?: { listen?: string | undefined } | undefined
  secrets?: SecretsInput | undefined
  store?: StoreInput | undefined
  counters?: string | undefined
}
