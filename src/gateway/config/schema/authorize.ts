import * as z from 'zod'
import { parseFieldAction } from '../../../pipeline/field-access.ts'
import { DEFAULTS } from '../defaults.ts'
import type {
  AclEntryInput,
  AclNamesInput,
  AuthorizeInput,
  DecisionInput,
  FieldRuleInput,
  NamedFieldsInput,
  RoleInput,
  RuleAuthorizeInput,
} from '../input.ts'
import { parseDecisionUrl } from '../values/network.ts'
import { parseReference } from '../values/text.ts'
import { boundedDuration } from './bounded.ts'
import { key, mode, name, off, optional, parsedText } from './fields.ts'
import { lookupSchema } from './lookups.ts'

const names = (): z.ZodArray<ReturnType<typeof name>> => z.array(name())
/** What it names is known once the document is. */
const condition = (): z.ZodString => z.string().min(1).max(4000)

const roleSchema: z.ZodType<readonly string[] | RoleInput> = z.union([
  z.strictObject({
    allow: optional(names(), 'What the role may do.', []),
    includes: optional(names(), 'Roles that whoever has this one has too.', []),
    when: optional(
      condition(),
      'Condition under which the role counts, such as network.ip in ["10.8.0.0/16"].',
    ),
  }),
  names(),
])

type Fields = { readonly [Name in keyof AclNamesInput]-?: z.ZodType<AclNamesInput[Name]> }

function aclNames(what: string): Fields {
  return {
    roles: optional(names(), `Roles ${what}.`, []),
    groups: optional(names(), `Groups ${what}.`, []),
    subjects: optional(names(), `Subjects (key owners, sub of tokens) ${what}.`, []),
    when: optional(condition(), 'Condition under which these names count.'),
  }
}

const fieldRuleSchema: z.ZodType<FieldRuleInput> = z.strictObject({
  read: optional(
    z.union([
      names(),
      z.record(name(), parsedText('something done with a field, such as last4', parseFieldAction)),
    ]),
    'Roles that see it, or what each role (owner for whoever owns the object, others for the rest) is shown: pass, drop, mask, email, hash, tokenize, first2, last4, truncate20.',
  ),
  write: optional(names(), 'Roles that may set it.'),
})

const decisionSchema: z.ZodType<DecisionInput> = z.strictObject({
  url: key(
    parsedText('an https URL, or http on loopback', parseDecisionUrl),
    'Where it is asked: …/access/v1/evaluation (AuthZEN), …/v1/data/POLICY (OPA).',
  ),
  type: optional(
    z.literal(['authzen', 'opa']),
    'authzen: AuthZEN 1.0; opa: the data API of OPA.',
    'authzen',
  ),
  timeout: optional(
    boundedDuration('10ms', '5s'),
    'How long it may take in all; then the call is refused (503).',
    DEFAULTS.decisionTimeout,
  ),
  cache: optional(
    z.union([off(), boundedDuration('1s', '5m')]),
    'How long a yes to the same question is remembered; a no never is.',
    'off',
  ),
  token: optional(
    parsedText('a reference', parseReference),
    'env:NAME or file:PATH of the token that it asks for (Bearer).',
  ),
  operations: optional(
    names(),
    'Operations that it is asked about; all that are not public unless said.',
  ),
})

const namedFieldsSchema: z.ZodType<NamedFieldsInput> = z.union([
  z.literal('public'),
  names().min(1),
  z.record(name(), z.union([name(), names().min(1)])),
])

function aclEntry(): z.ZodType<AclEntryInput> {
  return z.strictObject({
    ...aclNames('that may call it'),
    deny: optional(
      z.strictObject(aclNames('that may not, whatever lets them in')),
      'Who may not call it, whatever lets them in.',
    ),
  })
}

/** `authorize` in an entry of `rules`. */
export const ruleAuthorizeSchema: z.ZodType<RuleAuthorizeInput> = z.strictObject({
  acl: optional(aclEntry(), 'Who may call the operations, as an entry of authorize.acl for each.'),
  when: optional(
    condition(),
    'A condition that every call must meet, as an entry of authorize.operations for each.',
  ),
  schemas: optional(
    z.record(name(), name()),
    'Whose an object is here, in place of what authorize.schemas says of its schema.',
  ),
  fields: optional(
    z.record(name(), fieldRuleSchema),
    'Who may see and set a field here, in place of what authorize.fields says of it.',
  ),
  denied: optional(z.literal([404, 403]), 'What a caller hears of an object that is not theirs.'),
  mode: mode('Mode of the authorization checks.'),
})

/** `authorize`. */
export const authorizeSchema: z.ZodType<AuthorizeInput> = z.strictObject({
  roles: optional(
    z.record(name(), roleSchema),
    'What each role may do: "*", "orders:*", a scope of the document, or op:OPERATION.',
  ),
  acl: optional(z.record(name(), aclEntry()), 'Who may call an operation, by operation id.'),
  operations: optional(
    z.record(name(), condition()),
    'A condition that every call of an operation must meet, by operation id: "path.userId == subject.id".',
  ),
  decision: optional(decisionSchema, 'A decision point that is asked about every call besides.'),
  schemas: optional(
    z.record(name(), name()),
    'Whose an object is, by the name of its schema, wherever it is returned: "response.ownerId == subject.id", or public.',
  ),
  fields: optional(
    z.record(name(), fieldRuleSchema),
    'Who may see and set a field, by Schema.field, or *.field for a name in every schema.',
  ),
  queries: optional(
    z.record(name(), z.union([z.literal('own'), z.record(name(), namedFieldsSchema)])),
    'What the query of an operation names, by operation id: { sort: [name, price], q: public, by: { newest: createdAt } }; own: the API lists only what its caller may see.',
  ),
  lookups: optional(
    z.record(name(), lookupSchema),
    'Where a value is read by an id, by a name for conditions: lookup("orderOwner", path.orderId) == subject.id.',
  ),
  denied: optional(
    z.literal([404, 403]),
    'What a caller hears of an object that is not theirs.',
    DEFAULTS.denied,
  ),
  strict: optional(
    z.boolean(),
    'Refuses to start while an id parameter is covered by no rule.',
    DEFAULTS.strictObjects,
  ),
  mode: mode('Mode of the authorization checks.'),
})
