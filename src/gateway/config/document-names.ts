import type { ConfigFault } from '../../base/config-error.ts'
import { didYouMean } from '../../base/suggest.ts'
import { namedParameter } from '../../controls/token-parameters/named-parameter.ts'
import { componentFields, nearestField } from '../../openapi/fields/named-field.ts'
import type { ApiModel } from '../../openapi/model.ts'
import { Resources } from '../../openapi/schema/resources.ts'
import type { ConfigPath } from './paths.ts'
import { formatPath } from './paths.ts'
import { MODE_BLOCKS } from './resolve/blocks.ts'
import type { PolicySubject } from './rule-match.ts'
import { rulesFor } from './rule-match.ts'
import type { RuleSettings, Settings } from './settings.ts'
import { missingWrapNames } from './wrap-names.ts'

/** What the configuration may name. */
export interface KnownNames {
  readonly apis: readonly Pick<
    ApiModel,
    'name' | 'basePath' | 'operations' | 'securitySchemes' | 'registry' | 'files'
  >[]
  /** Names of all controls, which `relax` may name beside blocks. */
  readonly controls: readonly string[]
}

function unknownName(at: ConfigPath, name: string, known: readonly string[]): ConfigFault {
  const cure = didYouMean(name, known)
  const path = formatPath(at)
  const message = `no document has ${JSON.stringify(name)}`
  return cure === undefined ? { path, message } : { path, message, cure }
}

function missing(
  at: ConfigPath,
  names: Iterable<string>,
  known: ReadonlySet<string>,
): readonly ConfigFault[] {
  return [...names]
    .filter((name) => !known.has(name))
    .map((name) => unknownName([...at, name], name, [...known]))
}

/** Rules of fields that no schema of any document has. */
function missingFields(
  at: ConfigPath,
  names: Iterable<string>,
  apis: KnownNames['apis'],
): readonly ConfigFault[] {
  const documents = apis.map((model) => ({ model, resources: new Resources(model.registry) }))
  const isKnown = (name: string): boolean =>
    documents.some(({ model, resources }) => componentFields(model, resources, name).length > 0)
  return [...names]
    .filter((name) => !name.startsWith('*.') && !isKnown(name))
    .map((name) => {
      const near = nearestField(documents, name)
      const path = formatPath([...at, name])
      const message = `no schema of a document has ${JSON.stringify(name)}`
      return near === undefined ? { path, message } : { path, message, cure: near }
    })
}

/** Parameters that no operation declares: tokens would come back unopened. */
function missingParameters(
  at: ConfigPath,
  rules: Settings['blocks']['data']['tokenize'],
  apis: KnownNames['apis'],
): readonly ConfigFault[] {
  const operations = apis.flatMap((api) => api.operations)
  return [...rules].flatMap(([field, { parameters = [] }]) =>
    parameters.flatMap((text, index): ConfigFault[] =>
      operations.some((operation) => namedParameter(text, operation) !== undefined)
        ? []
        : [
            {
              path: formatPath([...at, field, 'parameters', index]),
              message: `no operation declares the parameter ${JSON.stringify(text)}`,
              cure: 'write path.NAME or query.NAME of a parameter in the document',
            },
          ],
    ),
  )
}

const NO_TOKENS: Settings['blocks']['data']['tokenize'] = new Map()

function operationsOf({ apis }: KnownNames): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    apis.map(({ name, operations }) => [name, new Set(operations.map(({ id }) => id))]),
  )
}

function checkRule(rule: RuleSettings, subjects: readonly PolicySubject[]): readonly ConfigFault[] {
  const at: ConfigPath = ['rules', rule.index]
  const ids = new Set(subjects.map((subject) => subject.id))
  const faults = rule.select.operations
    .filter((id) => !ids.has(id))
    .map((id) => unknownName(at, id, [...ids]))
  if (faults.length > 0) return faults
  if (subjects.some((subject) => rulesFor([rule], subject).length > 0)) return []
  return [{ path: formatPath(at), message: 'selects no operation of any document' }]
}

function checkRelax(rule: RuleSettings, known: readonly string[]): readonly ConfigFault[] {
  return [...(rule.relax?.modes.keys() ?? [])]
    .filter((name) => !known.includes(name))
    .map((name): ConfigFault => {
      const path = formatPath(['rules', rule.index, 'relax', name])
      const cure = didYouMean(name, known) ?? `one of ${known.join(', ')}`
      return { path, message: `${JSON.stringify(name)} is neither a block nor a control`, cure }
    })
}

/**
 * Finds every name in the settings that no document and no control has: a rule or limit for an operation that does not
 * exist protects nothing, and nobody would notice.
 */
export function checkNames(settings: Settings, known: KnownNames): readonly ConfigFault[] {
  const subjects = known.apis.flatMap(({ basePath, name, operations }) => {
    const publicBase = settings.apis.find((api) => api.name === name)?.basePath ?? basePath
    return operations.map((operation): PolicySubject => ({ ...operation, publicBase }))
  })
  const ids = new Set(subjects.map((subject) => subject.id))
  const qualified = subjects.flatMap(({ api, id }) => [id, `${api}:${id}`])
  const schemes = new Set(known.apis.flatMap((api) => [...api.securitySchemes.keys()]))
  const { authorize, auth, data, operationLimits } = settings.blocks
  const { rules, profile } = settings
  return [
    ...missing(['auth', 'schemes'], auth.schemes.keys(), schemes),
    ...missingWrapNames(auth, operationsOf(known)).map((one) =>
      unknownName(one.at, one.name, one.known),
    ),
    ...missing(['authorize', 'acl'], authorize.acl?.keys() ?? [], ids),
    ...missing(['authorize', 'operations'], authorize.operations.keys(), ids),
    ...missing(['authorize', 'queries'], authorize.queries?.keys() ?? [], ids),
    ...missing(['authorize', 'decision', 'operations'], authorize.decision?.operations ?? [], ids),
    ...missingFields(['authorize', 'fields'], authorize.fields.keys(), known.apis),
    ...missingFields(['data', 'tokenize'], data.tokenize.keys(), known.apis),
    ...missingParameters(['data', 'tokenize'], data.tokenize, known.apis),
    ...missing(['data', 'uniform'], data.uniform.keys(), ids),
    ...missing(['limits', 'operations'], operationLimits.keys(), ids),
    ...missing(['profile', 'graduated'], profile?.graduated ?? [], new Set(qualified)),
    ...rules.flatMap((rule) => checkRule(rule, subjects)),
    ...rules.flatMap(({ index, authorize: { fields } }) =>
      missingFields(['rules', index, 'authorize', 'fields'], fields?.keys() ?? [], known.apis),
    ),
    ...rules.flatMap(({ index, data: { tokenize = NO_TOKENS } }) => {
      const at: ConfigPath = ['rules', index, 'data', 'tokenize']
      return [
        ...missingFields(at, tokenize.keys(), known.apis),
        ...missingParameters(at, tokenize, known.apis),
      ]
    }),
    ...rules.flatMap((rule) => checkRelax(rule, [...MODE_BLOCKS, ...known.controls])),
  ]
}
