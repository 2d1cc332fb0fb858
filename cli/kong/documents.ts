import { templateOf } from './paths.ts'
import type { KongAccess, KongApi, KongOperation, Written } from './model.ts'

const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
/** Longest text of a parameter that nothing else is known of. */
const MAX_CHARS = 200

/** A document with what the routes let through: open inside, to be narrowed down by a person. */
export function skeletonOf({ name, operations }: KongApi): Written {
  const paths: Record<string, Written> = Object.create(null) as Record<string, Written>
  for (const operation of operations) {
    const item = (paths[templateOf(operation.segments)] ??= {})
    item[operation.method.toLowerCase()] = operationOf(operation)
  }
  const securitySchemes = Object.assign(
    {},
    ...operations.map(({ policy }) => schemesOf(policy.access)),
  ) as Written
  return {
    openapi: '3.1.0',
    info: { title: name, version: '1' },
    paths,
    ...(Object.keys(securitySchemes).length === 0 ? {} : { components: { securitySchemes } }),
  }
}

function operationOf({ id, method, segments, policy }: KongOperation): Written {
  const parameters = segments.flatMap((segment) =>
    'text' in segment
      ? []
      : [
          {
            name: segment.name,
            in: 'path',
            required: true,
            schema: {
              type: 'string',
              maxLength: MAX_CHARS,
              ...(segment.pattern === undefined ? {} : { pattern: segment.pattern }),
            },
          },
        ],
  )
  const body = { 'application/json': { schema: policy.bodySchema ?? {} } }
  const any = { 'application/json': { schema: {} } }
  return {
    operationId: id,
    security: Object.keys(schemesOf(policy.access)).map((scheme) => ({ [scheme]: [] })),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(WITH_BODY.has(method) ? { requestBody: { content: body } } : {}),
    responses: {
      '2XX': { description: 'what the API answers', content: any },
      default: { description: 'what else it answers', content: any },
    },
  }
}

/** The scheme of tokens. */
export const TOKEN_SCHEME: Written = Object.freeze({ type: 'http', scheme: 'bearer' })

/** The scheme of keys in a header. */
export function keyScheme(header: string): Written {
  return { type: 'apiKey', in: 'header', name: header }
}

/** One of the schemes is enough; none: public. */
function schemesOf(access: KongAccess): Written {
  switch (access.kind) {
    case 'public':
      return {}
    case 'tokens':
    case 'signed':
      return { token: TOKEN_SCHEME }
    default:
      return Object.fromEntries(
        access.headers.map((header) => [`key-${header}`, keyScheme(header)]),
      )
  }
}
