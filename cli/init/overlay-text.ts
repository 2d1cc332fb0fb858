import { stringify } from 'yaml'
import type { SecurityAlternative } from '../../src/openapi/model.ts'
import type { FoundOperation } from './found-operations.ts'

const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
/** Names that are declared; what else a log holds is not taken over. */
const PLAIN_NAME = /^[A-Za-z][\w.-]{0,63}$/
/** Words of credentials: one in a URL is never declared, since it must not stand there. */
const CREDENTIAL: ReadonlySet<string> = new Set(
  'token key apikey secret password passwd pwd auth authorization signature sig jwt session sid'.split(
    ' ',
  ),
)

/**
 * An Overlay that adds operations to a document, open in everything that a log cannot tell: text of any kind in, any
 * answer out. A person narrows it down. `security`: what they ask for; where it is empty, what the document asks for
 * everywhere, or keys of the gateway. @see OpenAPI Overlay Specification 1.0.0
 */
export function overlayText(
  operations: readonly FoundOperation[],
  security: readonly SecurityAlternative[],
): string {
  const paths: Record<string, Record<string, unknown>> = Object.create(null)
  for (const operation of operations) {
    const item = (paths[operation.template] ??= {})
    item[operation.method.toLowerCase()] = operationObject(operation, security)
  }
  const overlay = {
    overlay: '1.0.0',
    info: { title: 'Operations in use that the document lacks', version: '1.0.0' },
    actions: [{ target: '$.paths', update: paths }],
  }
  const head = [
    'Written by sallyport init from an access log. Everything here is a guess, and open: parameters take any text,',
    'answers are not filtered, any credential of the document is good. Take away what should not be served, and describe the rest.',
  ]
  return `${head.map((line) => `# ${line}\n`).join('')}${stringify(overlay, { lineWidth: 100 })}`
}

function operationObject(
  { method, template, count, queryNames }: FoundOperation,
  security: readonly SecurityAlternative[],
): object {
  const variables = [...template.matchAll(/\{([^{}]+)\}/g)].map(([, name = '']) => name)
  const names = queryNames.filter((name) => PLAIN_NAME.test(name) && !isCredential(name))
  const parameters = [
    ...variables.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...names.map((name) => ({ name, in: 'query', schema: { type: 'string' } })),
  ]
  return {
    summary: `Found in the log: ${count} request${count === 1 ? '' : 's'}`,
    ...(security.length === 0 ? {} : { security: security.map(requirement) }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(WITH_BODY.has(method) ? { requestBody: { content: { 'application/json': {} } } } : {}),
    responses: { default: { description: 'Anything', content: { '*/*': {} } } },
  }
}

function requirement(alternative: SecurityAlternative): object {
  return Object.fromEntries(alternative.map(({ scheme }) => [scheme, []]))
}

function isCredential(name: string): boolean {
  const words = name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/)
  return words.some((word) => CREDENTIAL.has(word.toLowerCase()))
}
