import { access } from './access/control.ts'
import { address } from './address/control.ts'
import { authZone } from './auth-zone/control.ts'
import { authenticate } from './authenticate/control.ts'
import { bans } from './bans/control.ts'
import { behaviour } from './behaviour/control.ts'
import { body } from './body/control.ts'
import { bodyConditions } from './body-conditions/control.ts'
import { bots } from './bots/control.ts'
import { classes } from './classes/control.ts'
import { compression } from './compression/control.ts'
import { concurrency } from './concurrency/control.ts'
import { conditions } from './conditions/control.ts'
import { cors } from './cors/control.ts'
import { credentialStrip } from './credential-strip/control.ts'
import { csrf } from './csrf/control.ts'
import { encoding } from './encoding/control.ts'
import { errors } from './errors/control.ts'
import { externalDecision } from './external-decision/control.ts'
import { failures } from './failures/control.ts'
import { fields } from './fields/control.ts'
import { hijack } from './hijack/control.ts'
import { honeypotOperations } from './honeypot-operations/control.ts'
import { honeypots } from './honeypots/control.ts'
import { hosts } from './hosts/control.ts'
import { hsts } from './hsts/control.ts'
import { ipLimit } from './ip-limit/control.ts'
import { keyRestrictions } from './key-restrictions/control.ts'
import type { AnyControl } from './kit.ts'
import { leaks } from './leaks/control.ts'
import { lifecycle } from './lifecycle/control.ts'
import { logRoom } from './log-room/control.ts'
import { lookups } from './lookups/control.ts'
import { network } from './network/control.ts'
import { objects } from './objects/control.ts'
import { operationLimit } from './operation-limit/control.ts'
import { operationNetwork } from './operation-network/control.ts'
import { overload } from './overload/control.ts'
import { parameters } from './parameters/control.ts'
import { penalties } from './penalties/control.ts'
import { penaltyBox } from './penalty-box/control.ts'
import { plainHttp } from './plain-http/control.ts'
import { principalLimit } from './principal-limit/control.ts'
import { queryFields } from './query-fields/control.ts'
import { responseHeaders } from './response-headers/control.ts'
import { responses } from './responses/control.ts'
import { routes } from './routes/control.ts'
import { scopes } from './scopes/control.ts'
import { secrets } from './secrets/control.ts'
import { sensitivity } from './sensitivity/control.ts'
import { stuffing } from './stuffing/control.ts'
import { tables } from './tables/control.ts'
import { target } from './target/control.ts'
import { tokenParameters } from './token-parameters/control.ts'
import { tokens } from './tokens/control.ts'
import { trustedHeaders } from './trusted-headers/control.ts'
import { uniform } from './uniform/control.ts'
import { upstreamIdentity } from './upstream-identity/control.ts'
import { urlFields } from './url-fields/control.ts'
import { wire } from './wire/control.ts'
import { wrap } from './wrap/control.ts'

/**
 * Every control, in the order in which a request meets them (CONTROLS 3.1 and 3.2). This array is the registration.
 */
export const controls: readonly AnyControl[] = [
  wire,
  logRoom,
  address,
  network,
  hosts,
  plainHttp,
  trustedHeaders,
  ipLimit,
  failures,
  penalties,
  bots,
  target,
  upstreamIdentity,
  honeypots,
  routes,
  lifecycle,
  overload,
  cors,
  authenticate,
  csrf,
  hijack,
  penaltyBox,
  bans,
  behaviour,
  honeypotOperations,
  principalLimit,
  sensitivity,
  operationNetwork,
  keyRestrictions,
  scopes,
  access,
  externalDecision,
  tokenParameters,
  parameters,
  concurrency,
  conditions,
  queryFields,
  tokens,
  body,
  bodyConditions,
  authZone,
  stuffing,
  urlFields,
  operationLimit,
  credentialStrip,
  uniform,
  objects,
  tables,
  errors,
  leaks,
  responses,
  fields,
  classes,
  secrets,
  encoding,
  wrap,
  responseHeaders,
  hsts,
  compression,
  lookups,
]
