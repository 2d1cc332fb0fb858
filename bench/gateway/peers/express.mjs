// The Express stack that teams glue together: helmet, jose, rate limit, OpenAPI validation of requests, proxy.
// node express.mjs PORT UPSTREAM PUBLIC_KEY_PEM_FILE DOCUMENT
import { readFileSync } from 'node:fs'
import express from 'express'
import * as OpenApiValidator from 'express-openapi-validator'
import { rateLimit } from 'express-rate-limit'
import helmet from 'helmet'
import { createProxyMiddleware, fixRequestBody } from 'http-proxy-middleware'
import { Agent } from 'node:http'
import { importSPKI, jwtVerify } from 'jose'

const [port, upstream, keyFile, document] = process.argv.slice(2)
const key = await importSPKI(readFileSync(keyFile, 'utf8'), 'RS256')
const app = express()
app.use(helmet())
app.use(async (request, response, next) => {
  try {
    const token = (request.headers.authorization ?? '').slice('Bearer '.length)
    const { payload } = await jwtVerify(token, key, {
      issuer: 'https://id.example',
      audience: 'bench',
      algorithms: ['RS256'],
    })
    if (!String(payload.scope).split(' ').includes('items:read')) return response.status(403).end()
    request.user = payload
    next()
  } catch {
    response.status(401).end()
  }
})
app.use(
  rateLimit({
    windowMs: 60_000,
    limit: 1e9,
    keyGenerator: (request) => request.user.sub,
    standardHeaders: true,
  }),
)
app.use(express.json())
app.use(
  OpenApiValidator.middleware({
    apiSpec: document,
    validateRequests: true,
    validateResponses: false,
    validateSecurity: false,
  }),
)
app.use(
  createProxyMiddleware({
    target: upstream,
    agent: new Agent({ keepAlive: true, maxSockets: 256 }),
    on: { proxyReq: fixRequestBody },
  }),
)
app.listen(Number(port), '127.0.0.1')
