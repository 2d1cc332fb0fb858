import { isAuthOperation, provesIdentity } from '../src/controls/auth-zone/is-auth-operation.ts'
import type { Operation } from '../src/openapi/model.ts'
import type { Site } from '../src/pipeline/site.ts'

/**
 * What `check` proposes for the log-ins of a plan: refusals that tell nothing of accounts. One line for all of a kind,
 * ready to be written.
 */
export function proposalsOf(sites: readonly Site[]): readonly string[] {
  const open = sites
    .filter(({ operation }) => isAuthOperation(operation))
    .filter(({ operation, policy }) => !policy.data.uniform.has(operation.id))
    .map(({ operation }) => operation)
  const logIns = open.filter(tellsSuccess).map(({ id }) => quoted(id))
  const others = open.filter((one) => !tellsSuccess(one)).map(({ id }) => `${quoted(id)}: all`)
  return [
    ...(logIns.length === 0
      ? []
      : [
          `data: { uniform: [${logIns.join(', ')}] } so that refusals of log-ins do not tell which accounts exist`,
        ]),
    ...(others.length === 0
      ? []
      : [
          `data: { uniform: { ${others.join(', ')} } } so that nobody learns whether there was such an account`,
        ]),
  ]
}

/** What proves something must say whether it did; what is sent to somebody's mail must not. */
function tellsSuccess(operation: Operation): boolean {
  return provesIdentity(operation) || CHECKS.test(`${operation.id} ${operation.template}`)
}

const CHECKS = /check|verify|confirm|validate|new-?_?password|redeem/i

/** As YAML reads it in a list: ids such as `POST /login` are fine, what holds its signs is not. */
function quoted(id: string): string {
  return /^[\w][\w ./-]*$/.test(id) ? id : JSON.stringify(id)
}
