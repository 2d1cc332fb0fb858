import { parseTemplate } from '../../openapi/path-template.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Site } from '../../pipeline/site.ts'

/** Makes the question about a request, as AuthZEN 1.0 section 6.1 has it: subject, action, resource, context. */
export type Ask = (exchange: Exchange) => Readonly<Record<string, unknown>>

/** Prepares the questions about one operation. Nothing that the caller sent but path and address is in them. */
export function questionsOf({ operation, label }: Site): Ask {
  const action = { name: operation.id, properties: { method: operation.method } }
  const names = namesOf(operation.template)
  return ({ principal, pathValues, path, clientAddress }) => ({
    subject: {
      type: principal.kind === 'apiKey' ? 'key' : 'user',
      id: principal.subject === '' ? principal.id : principal.subject,
      properties: {
        principal: principal.id,
        issuer: principal.issuer,
        roles: principal.roles,
        groups: principal.groups,
        scopes: [...principal.scopes],
        claims: principal.claims,
      },
    },
    action,
    resource: {
      type: operation.api,
      id: path,
      properties: {
        operation: label,
        parameters: Object.fromEntries(
          names.map((name, index) => [name, decoded(pathValues[index] ?? '')]),
        ),
      },
    },
    context: { ip: clientAddress },
  })
}

function namesOf(template: string): readonly string[] {
  const parsed = parseTemplate(template)
  return parsed.ok ? parsed.names : []
}

/** What does not decode is no name of anything: the decision point sees it as it came. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
