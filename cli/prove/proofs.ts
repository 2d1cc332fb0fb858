import type { Proof } from '../../src/pipeline/proof.ts'
import { proof as access } from '../../src/controls/access/proof.ts'
import { proof as address } from '../../src/controls/address/proof.ts'
import { proof as authZone } from '../../src/controls/auth-zone/proof.ts'
import { proof as authenticate } from '../../src/controls/authenticate/proof.ts'
import { proof as bans } from '../../src/controls/bans/proof.ts'
import { proof as behaviour } from '../../src/controls/behaviour/proof.ts'
import { proof as body } from '../../src/controls/body/proof.ts'
import { proof as bodyConditions } from '../../src/controls/body-conditions/proof.ts'
import { proof as bots } from '../../src/controls/bots/proof.ts'
import { proof as classes } from '../../src/controls/classes/proof.ts'
import { proof as compression } from '../../src/controls/compression/proof.ts'
import { proof as concurrency } from '../../src/controls/concurrency/proof.ts'
import { proof as conditions } from '../../src/controls/conditions/proof.ts'
import { proof as cors } from '../../src/controls/cors/proof.ts'
import { proof as credentialStrip } from '../../src/controls/credential-strip/proof.ts'
import { proof as csrf } from '../../src/controls/csrf/proof.ts'
import { proof as encoding } from '../../src/controls/encoding/proof.ts'
import { proof as errors } from '../../src/controls/errors/proof.ts'
import { proof as externalDecision } from '../../src/controls/external-decision/proof.ts'
import { proof as failures } from '../../src/controls/failures/proof.ts'
import { proof as fields } from '../../src/controls/fields/proof.ts'
import { proof as hijack } from '../../src/controls/hijack/proof.ts'
import { proof as honeypotOperations } from '../../src/controls/honeypot-operations/proof.ts'
import { proof as honeypots } from '../../src/controls/honeypots/proof.ts'
import { proof as hosts } from '../../src/controls/hosts/proof.ts'
import { proof as hsts } from '../../src/controls/hsts/proof.ts'
import { proof as ipLimit } from '../../src/controls/ip-limit/proof.ts'
import { proof as keyRestrictions } from '../../src/controls/key-restrictions/proof.ts'
import { proof as leaks } from '../../src/controls/leaks/proof.ts'
import { proof as lifecycle } from '../../src/controls/lifecycle/proof.ts'
import { proof as logRoom } from '../../src/controls/log-room/proof.ts'
import { proof as lookups } from '../../src/controls/lookups/proof.ts'
import { proof as network } from '../../src/controls/network/proof.ts'
import { proof as objects } from '../../src/controls/objects/proof.ts'
import { proof as operationLimit } from '../../src/controls/operation-limit/proof.ts'
import { proof as operationNetwork } from '../../src/controls/operation-network/proof.ts'
import { proof as overload } from '../../src/controls/overload/proof.ts'
import { proof as parameters } from '../../src/controls/parameters/proof.ts'
import { proof as penalties } from '../../src/controls/penalties/proof.ts'
import { proof as penaltyBox } from '../../src/controls/penalty-box/proof.ts'
import { proof as plainHttp } from '../../src/controls/plain-http/proof.ts'
import { proof as principalLimit } from '../../src/controls/principal-limit/proof.ts'
import { proof as queryFields } from '../../src/controls/query-fields/proof.ts'
import { proof as responseHeaders } from '../../src/controls/response-headers/proof.ts'
import { proof as responses } from '../../src/controls/responses/proof.ts'
import { proof as routes } from '../../src/controls/routes/proof.ts'
import { proof as scopes } from '../../src/controls/scopes/proof.ts'
import { proof as secrets } from '../../src/controls/secrets/proof.ts'
import { proof as sensitivity } from '../../src/controls/sensitivity/proof.ts'
import { proof as stuffing } from '../../src/controls/stuffing/proof.ts'
import { proof as tables } from '../../src/controls/tables/proof.ts'
import { proof as target } from '../../src/controls/target/proof.ts'
import { proof as tokenParameters } from '../../src/controls/token-parameters/proof.ts'
import { proof as tokens } from '../../src/controls/tokens/proof.ts'
import { proof as trustedHeaders } from '../../src/controls/trusted-headers/proof.ts'
import { proof as uniform } from '../../src/controls/uniform/proof.ts'
import { proof as upstreamIdentity } from '../../src/controls/upstream-identity/proof.ts'
import { proof as urlFields } from '../../src/controls/url-fields/proof.ts'
import { proof as wire } from '../../src/controls/wire/proof.ts'
import { proof as wrap } from '../../src/controls/wrap/proof.ts'

/** The proof of every control, in the order of `controls`. */
export const proofs: readonly Proof[] = [
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
