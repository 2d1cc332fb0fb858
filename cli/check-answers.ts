import { isAuthOperation, provesIdentity } from '../src/controls/auth-zone/is-auth-operation.ts'
import { returnedSchemas } from '../src/controls/objects/json-success.ts'
import type { Site } from '../src/pipeline/site.ts'

/** What `check` proposes for answers: those that nobody described, and those that more people see than may change. */
export function answerProposals(sites: readonly Site[]): readonly string[] {
  return [...silenceProposal(sites), ...sharedProposal(sites)]
}

const SHOWN = 3

/** What no document describes does not go out, so that such operations answer with nothing. */
function silenceProposal(sites: readonly Site[]): readonly string[] {
  const silent = sites.filter((site) => isSilent(site)).map(({ operation }) => operation)
  if (silent.length === 0) return []
  const shown = silent.slice(0, SHOWN).map(({ method, template }) => `${method} ${template}`)
  const more = silent.length > SHOWN ? ` and ${silent.length - SHOWN} more` : ''
  return [
    `an Overlay with the answers of ${shown.join(', ')}${more}, which the document does not describe: they do not go out ` +
      '(the profile adopt lets them pass, and sallyport adopt writes down what it saw)',
  ]
}

/** Read for what it answers, as a log-in is for its token, unlike a change or a removal; a redirect says all in its head. */
function isSilent({ operation, policy }: Site): boolean {
  const { id, method, responses } = operation
  const isLogIn = isAuthOperation(operation) && provesIdentity(operation)
  if (method !== 'GET' && !isLogIn) return false
  if (policy.authorize.operations.get(id) === 'false') return false
  const statuses = [...responses.keys()]
  if (statuses.some((status) => status.startsWith('3') || status === '204')) return false
  const successes = [...responses.values()].filter(({ status }) => /^(?:2..|default)$/.test(status))
  return successes.length > 0 && successes.every(({ content }) => content.length === 0)
}

const CHANGES: ReadonlySet<string> = new Set(['PUT', 'PATCH', 'DELETE'])

/** A rule with an `or` in it says who may see an object; without a word of their own it holds for changes as well. */
function sharedProposal(sites: readonly Site[]): readonly string[] {
  const found = sites.flatMap(({ operation, policy }) => {
    if (!CHANGES.has(operation.method) || policy.authorize.operations.has(operation.id)) return []
    const read = sites.find(
      ({ operation: other }) =>
        other.method === 'GET' &&
        other.api === operation.api &&
        other.template === operation.template,
    )
    const rule = read === undefined ? undefined : sharedRule(read)
    return rule === undefined ? [] : [`${JSON.stringify(operation.id)}: ${JSON.stringify(rule)}`]
  })
  return found.length === 0
    ? []
    : [
        `authorize: { operations: { ${found.join(', ')} } } if not everybody who may see such an object may change it`,
      ]
}

/** The first of several grounds on which the object is seen: who owns it usually comes first. */
function sharedRule({ operation, policy }: Site): string | undefined {
  for (const { schema, pointer } of returnedSchemas(operation)) {
    const rule = policy.authorize.schemas.get(nameOf(schema) ?? lastOf(pointer))
    if (rule?.includes('||') === true) return rule.slice(0, rule.indexOf('||')).trim()
  }
  return undefined
}

/** The name of the schema that a place refers to. */
function nameOf(schema: unknown): string | undefined {
  const ref = typeof schema === 'object' && schema !== null && '$ref' in schema ? schema.$ref : ''
  return typeof ref === 'string' && ref !== '' ? lastOf(ref) : undefined
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
