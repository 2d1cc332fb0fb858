import * as z from 'zod'
import { BOUNDS, DEFAULTS } from '../defaults.ts'
import type { SallyportConfig } from '../input.ts'
import { parseCounters } from '../values/counters.ts'
import { parseSink, parseSocketAddress } from '../values/text.ts'
import { apiSchema, profileSchema, shorthandFields } from './api.ts'
import { authSchema } from './auth.ts'
import { boundedSize } from './bounded.ts'
import { mode, optional, parsedText } from './fields.ts'
import { listenSchema } from './listen.ts'
import { authorizeSchema } from './authorize.ts'
import { dataSchema } from './data.ts'
import { detectSchema } from './detect.ts'
import { networkSchema } from './network.ts'
import { limitsSchema } from './limits.ts'
import { secretsSchema, storeSchema } from './store.ts'
import { validateSchema } from './policy.ts'
import { ruleSchema } from './rules.ts'

const logsSchema = z.strictObject({
  redact: optional(
    z.literal('auto'),
    'auto: credentials, secrets and undeclared values never reach a log.',
    'auto',
  ),
  sinks: optional(
    z.array(parsedText('a log sink', parseSink)).min(1),
    'Where the log goes: stdout, stderr, file:PATH.',
    DEFAULTS.sinks,
  ),
  reserve: optional(
    boundedSize(BOUNDS.logReserveMin, BOUNDS.logReserveMax),
    'Memory, of each thread and sink, for security events that cannot be written yet; access lines are dropped before it is used.',
    DEFAULTS.logReserve,
  ),
  whenFull: optional(
    z.enum(['open', 'closed']),
    'What requests get while the reserve of every sink is used up: open serves them, closed answers 503.',
    DEFAULTS.logWhenFull,
  ),
})

const adminSchema = z.strictObject({
  listen: optional(
    parsedText('unix:PATH', parseSocketAddress),
    'The Unix socket of the admin API.',
    DEFAULTS.adminListen,
  ),
})

/** The whole configuration: unknown keys are refused at every level. */
export const configSchema: z.ZodType<SallyportConfig> = z.strictObject({
  ...shorthandFields,
  apis: optional(
    z.record(z.string().regex(/^[A-Za-z][\w-]{0,60}$/, 'must be a short name'), apiSchema),
    'Several APIs by name, in place of openapi and upstream.',
  ),
  profile: optional(profileSchema, 'How an existing API is taken in; everything enforces without.'),
  mode: mode(
    'enforce, monitor (decide, count, log, let through) or off; a block’s own mode wins.',
    DEFAULTS.mode,
  ),
  listen: optional(listenSchema, 'Where the gateway listens and whom it believes.'),
  workers: optional(
    z.union([z.int().min(1).max(64), z.literal('auto')]),
    'Worker threads; auto: one per processor. With 1 everything runs in one thread.',
    DEFAULTS.workers,
  ),
  transport: optional(
    z.literal(['node', 'fast']),
    'The data plane: `node`, the reference, or `fast`, with its own parser and sockets.',
    DEFAULTS.transport,
  ),
  auth: optional(authSchema, 'How callers prove who they are.'),
  authorize: optional(authorizeSchema, 'Who may do what; deny once roles or acl is written.'),
  validate: optional(validateSchema, 'How strictly messages follow the document.'),
  data: optional(dataSchema, 'What answers may reveal.'),
  limits: optional(limitsSchema, 'How much is too much; every limit may be off.'),
  network: optional(networkSchema, 'Where requests may come from; deny wins.'),
  detect: optional(
    detectSchema,
    'What is watched in the behavior of callers, and what may follow.',
  ),
  rules: optional(
    z.array(ruleSchema),
    'Exceptions for some operations; they merge over the blocks above, the narrowest selector wins.',
    [],
  ),
  logs: optional(logsSchema, 'The decision log.'),
  admin: optional(adminSchema, 'The admin API.'),
  secrets: optional(
    secretsSchema,
    'Pepper and sealing keys; made with mode 0600 at the first start.',
    DEFAULTS.secrets,
  ),
  store: optional(
    storeSchema,
    'Where keys and other records are kept; a PostgreSQL is shared by nodes.',
    DEFAULTS.store,
  ),
  counters: optional(
    parsedText('memory, redis://HOST:PORT or a reference to such a URL', parseCounters),
    'Where limits are counted: in this process, or in Redis or Valkey for all nodes (redis://, rediss://, redis+sentinel://, redis+cluster://; or env:NAME, file:PATH).',
    DEFAULTS.counters,
  ),
})
