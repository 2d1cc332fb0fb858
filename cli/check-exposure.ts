import { declaredProperties } from '../src/controls/declared-properties.ts'
import { isAuthOperation, provesIdentity } from '../src/controls/auth-zone/is-auth-operation.ts'
import { returnedSchemas } from '../src/controls/objects/json-success.ts'
import type { Kit } from '../src/controls/kit.ts'
import { isSecretName } from '../src/controls/leaks/config.ts'
import type { Operation, SchemaRef } from '../src/openapi/model.ts'
import { applicable } from '../src/openapi/schema/facts.ts'
import type { Resources, Site as Place } from '../src/openapi/schema/resources.ts'
import type { Site } from '../src/pipeline/site.ts'

/** What `check` proposes for what a document opens to whoever asks, ready to be written; names only give it away. */
export function exposureProposals(sites: readonly Site[], kit: Kit): readonly string[] {
  const [first] = sites
  if (first === undefined) return []
  return [
    ...tokenProposals(sites, kit),
    ...toolProposal(sites),
    ...fieldProposal(sites, { kit, access: 'read' }),
    ...fieldProposal(sites, { kit, access: 'write' }),
  ]
}

/** Log-ins whose answers hold a token that nobody wraps or verifies. */
function tokenProposals(sites: readonly Site[], kit: Kit): readonly string[] {
  if (kit.hasIssuers) return []
  return sites.flatMap(({ operation }) => {
    const rules = kit.wraps.get(operation.api)?.rules ?? []
    if (rules.some(({ operations }) => operations.includes(operation.id))) return []
    if (!isAuthOperation(operation) || !provesIdentity(operation)) return []
    const place = tokenPlace(operation, kit)
    if (place === undefined) return []
    const text = `{ operation: ${quoted(operation.id)}, field: ${place}, subject: sub }`
    return [`auth: { wrap: ${text} } if the API signs its own tokens, so that nobody makes one`]
  })
}

const TOKEN_NAME = /^(?:(?:access|auth|id|jwt|bearer|session)[_-]?)?(?:token|jwt)$/i
const MAX_DEPTH = 3

function tokenPlace(operation: Operation, kit: Kit): string | undefined {
  const resources = kit.apis.get(operation.api)?.responseSchemas.resources
  const [ref] = returnedSchemas(operation)
  const root = ref === undefined ? undefined : resources?.site(ref)
  return resources === undefined || root === undefined
    ? undefined
    : textNamed(resources, root, MAX_DEPTH)
}

function textNamed(resources: Resources, at: Place, depth: number): string | undefined {
  const members = applicable(resources, at).flatMap(({ site, keywords }) =>
    Object.keys(keywords['properties'] ?? {}).map((name) => ({
      name,
      inner: resources.child(site, 'properties', name),
    })),
  )
  const found = members.find(({ name }) => TOKEN_NAME.test(name))
  if (found !== undefined || depth === 0) return found?.name
  for (const { name, inner } of members) {
    const below = textNamed(resources, inner, depth - 1)
    if (below !== undefined) return `${name}.${below}`
  }
  return undefined
}

/** Words of what developers leave behind. */
const TOOL_WORD =
  /(?:^|[^a-z])(?:debug|phpinfo|heapdump|threaddump|actuator|env|dump|seed|populate|createdb|initdb|db-init|setup|install|reset-(?:db|database|all))(?:$|[^a-z])/i

function toolProposal(sites: readonly Site[]): readonly string[] {
  const tools = sites
    .filter(({ operation, policy }) => isTool(operation) && !isRuled(operation, policy))
    .map(({ operation }) => `${quoted(operation.id)}: "false"`)
  return tools.length === 0
    ? []
    : [`authorize: { operations: { ${tools.join(', ')} } } for what sounds like a developer's tool`]
}

function isTool({ id, template }: Operation): boolean {
  const last = template.split('/').findLast((part) => part !== '' && !part.startsWith('{')) ?? ''
  const words = [last, ...(id.includes('/') ? [] : [id])]
  return words.some((word) =>
    TOOL_WORD.test(word.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2').replaceAll('_', '-')),
  )
}

function isRuled({ id }: Operation, { authorize }: Site['policy']): boolean {
  return (
    authorize.operations.has(id) || authorize.acl !== undefined || authorize.roles !== undefined
  )
}

/** What makes somebody more than they were. */
const POWER_NAME =
  /^(?:is[_-]?)?(?:admin|staff|superuser|verified|active)$|^(?:roles?|permissions?|privileges?|groups?|credits?|balance|status)$/i

interface Looked {
  readonly kit: Kit
  readonly access: 'read' | 'write'
}

/** Fields that answers should not show, or that callers should not set. */
function fieldProposal(sites: readonly Site[], { kit, access }: Looked): readonly string[] {
  const found = new Set<string>()
  for (const site of sites) {
    const { operation, policy } = site
    if (access === 'read' && isAuthOperation(operation)) continue
    const api = kit.apis.get(operation.api)
    const schemas = access === 'read' ? api?.responseSchemas : api?.requestSchemas
    if (schemas === undefined) continue
    const refs = access === 'read' ? returnedSchemas(operation) : sent(operation)
    declaredProperties(refs, schemas.resources, (name, place) => {
      const isMeant = access === 'read' ? isSecretName(name) : POWER_NAME.test(name)
      if (isMeant && !isMarked(schemas.resources, place) && !isNamed(policy, name)) found.add(name)
      return false
    })
  }
  if (found.size === 0) return []
  const fields = [...found].map((name) => `"*.${name}": { ${access}: [] }`).join(', ')
  const why =
    access === 'read' ? 'so that nobody is shown them' : 'for what callers must not set themselves'
  return [`authorize: { fields: { ${fields} } } ${why}`]
}

function sent({ requestBody }: Operation): readonly SchemaRef[] {
  return (requestBody?.content ?? []).flatMap(({ schema }) => schema ?? [])
}

const MARKS = ['x-sallyport-read', 'x-sallyport-write', 'x-sallyport-class', 'readOnly'] as const

function isMarked(resources: Resources, place: Place): boolean {
  return applicable(resources, place).some(({ keywords }) =>
    MARKS.some((mark) => keywords[mark] !== undefined && keywords[mark] !== false),
  )
}

function isNamed({ authorize }: Site['policy'], name: string): boolean {
  return [...authorize.fields.keys()].some((key) => key.endsWith(`.${name}`))
}

/** As YAML reads it in a list: ids such as `POST /login` are fine, what holds its signs is not. */
function quoted(id: string): string {
  return /^[\w][\w ./-]*$/.test(id) ? id : JSON.stringify(id)
}
