import type { SchemeChoice } from './scheme-choice.ts'

/** What a new configuration says. */
export interface NewConfig {
  /** The line that points editors to the schema; empty for none. */
  readonly schemaComment: string
  /** Paths relative to the file. */
  readonly openapi: string
  readonly overlays: readonly string[]
  readonly basePath: string | undefined
  readonly upstream: string
  /** Plain HTTP to another machine, which the operator has allowed. */
  readonly allowsPlain: boolean
  /** `2026-12-06`. */
  readonly untilDay: string
  readonly schemes: readonly SchemeChoice[]
}

/** The text of a new `sallyport.yaml`: the lines that are needed, and hints as comments. */
export function configText(config: NewConfig): string {
  return [
    ...(config.schemaComment === '' ? [] : [config.schemaComment]),
    ...apiLines(config),
    'listen: { https: 8443, tls: auto }',
    '',
    '# Until this day, what honest clients may trip over (unknown fields, undeclared answers) is observed and counted;',
    '# credentials, undeclared operations, limits and leaks are enforced at once. Then everything enforces.',
    '# sallyport adopt shows what that would change.',
    `profile: { name: adopt, until: ${config.untilDay} }`,
    '',
    '# What the document leaves unbounded in requests is bounded: 4096 characters, 1000 items, 100 on a page.',
    'validate: { caps: on }',
    '',
    ...authLines(config.schemes),
    '',
    ...HINTS,
    '',
  ].join('\n')
}

function apiLines(config: NewConfig): readonly string[] {
  const { openapi, overlays, basePath, upstream, allowsPlain } = config
  const url = JSON.stringify(upstream)
  return [
    `openapi: ${JSON.stringify(openapi)}`,
    ...(overlays.length === 0 ? [] : [`overlays: ${JSON.stringify(overlays)}`]),
    ...(basePath === undefined ? [] : [`basePath: ${JSON.stringify(basePath)}`]),
    `upstream: ${allowsPlain ? `{ url: ${url}, allowPlain: true }` : url}`,
  ]
}

function authLines(schemes: readonly SchemeChoice[]): readonly string[] {
  const passed = schemes.filter(({ choice }) => choice === 'upstream')
  const own = schemes.filter(({ choice }) => choice === 'gateway')
  const ownLines = own.map(
    ({ name }) =>
      `    # ${JSON.stringify(name)}: upstream   # where the API's own keys are to stay good`,
  )
  const lines = [
    '  schemes:',
    ...ownLines,
    ...passed.map(({ name, what }) => `    ${JSON.stringify(name)}: upstream   # ${ascii(what)}`),
  ]
  if (passed.length === 0) return commented(['auth:', ...lines, ...ISSUER])
  return ['auth:', ...NOT_VERIFIED, ...lines, ...commented(ISSUER)]
}

const NOT_VERIFIED = [
  '  # upstream: the API itself checks these credentials. The gateway asks that they are there and passes them on.',
  '  # They are NOT VERIFIED HERE. To check tokens here, name their issuer, or wrap those of a log-in, and take their scheme',
  '  # out of the list.',
]
const ISSUER = [
  '  jwt: { issuers: { "https://id.example.com": { audience: my-api } } }',
  '  # Tokens that the API signs itself at its log-in leave sealed and come back opened:',
  '  wrap: { operation: login, field: token, subject: sub }',
]

function commented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `# ${line.replace('# ', '')}`)
}

/** Names in documents may hold anything; a comment ends with its line. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)
}

const HINTS = [
  '# authorize: { roles: { admin: ["*"], agent: ["orders:*"] } }   # once written, what no role names is denied',
  '# limits: { operations: { login: "5/min by ip, body.email" } }',
  '# listen.hosts: names under which clients reach the gateway, with tls: { cert: file:tls.pem, key: file:tls.key }',
]
