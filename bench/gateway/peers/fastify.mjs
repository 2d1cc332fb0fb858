// The Fastify stack that teams glue together: @fastify/jwt, @fastify/rate-limit, ajv schemas, @fastify/reply-from.
// node fastify.mjs PORT UPSTREAM PUBLIC_KEY_PEM_FILE DOCUMENT
import { readFileSync } from 'node:fs'
import jwt from '@fastify/jwt'
import rateLimit from '@fastify/rate-limit'
import replyFrom from '@fastify/reply-from'
import Fastify from 'fastify'
import { load } from 'js-yaml'

const [port, upstream, keyFile, documentFile] = process.argv.slice(2)
const document = load(readFileSync(documentFile, 'utf8'))

/** Ajv knows neither `#/components` nor what stands beside `$ref`: the few references are put in place. */
function inPlace(schema) {
  if (schema === null || typeof schema !== 'object') return schema
  if (Array.isArray(schema)) return schema.map(inPlace)
  if (schema.$ref)
    return inPlace(
      schema.$ref
        .slice(2)
        .split('/')
        .reduce((at, step) => at[step], document),
    )
  return Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, inPlace(value)]))
}

function schemaOf(operation) {
  const schema = {}
  for (const place of ['path', 'query']) {
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === place)
    if (declared.length === 0) continue
    schema[place === 'path' ? 'params' : 'querystring'] = {
      type: 'object',
      additionalProperties: false,
      required: declared.filter(({ required }) => required).map(({ name }) => name),
      properties: Object.fromEntries(declared.map(({ name, schema }) => [name, inPlace(schema)])),
    }
  }
  const body = operation.requestBody?.content['application/json'].schema
  if (body) schema.body = inPlace(body)
  return schema
}

const app = Fastify({
  logger: false,
  ajv: { customOptions: { coerceTypes: true, removeAdditional: false, strict: false } },
})
await app.register(jwt, {
  secret: { public: readFileSync(keyFile, 'utf8') },
  verify: {
    algorithms: ['RS256'],
    allowedIss: 'https://id.example',
    allowedAud: 'bench',
    cache: false,
  },
})
await app.register(rateLimit, {
  max: 1e9,
  timeWindow: '1 minute',
  hook: 'preHandler',
  keyGenerator: (request) => request.user.sub,
})
await app.register(replyFrom, { base: upstream, undici: { connections: 128, pipelining: 1 } })
app.addHook('onRequest', async (request, reply) => {
  await request.jwtVerify()
  if (!request.user.scope.split(' ').includes('items:read')) return reply.code(403).send()
})
for (const [path, methods] of Object.entries(document.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    app.route({
      method: method.toUpperCase(),
      url: path.replace(/\{(\w+)\}/g, ':$1'),
      schema: schemaOf(operation),
      handler: (request, reply) => reply.from(request.raw.url),
    })
  }
}
await app.listen({ port: Number(port), host: '127.0.0.1' })
