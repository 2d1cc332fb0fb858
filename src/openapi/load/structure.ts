import { Validator } from '@seriousme/openapi-schema-validator'

/** One way in which a document breaks the meta-schema of its version. */
export interface StructuralFault {
  /** `warning` where the broken part is of no use to the gateway, such as `info`. */
  readonly severity: 'error' | 'warning'
  readonly pointer: string
  readonly message: string
}

/** The part of Ajv's error that is read here. */
interface SchemaError {
  readonly instancePath: string
  readonly keyword: string
  readonly message?: string
  readonly params: { readonly [key: string]: unknown }
}

interface CompiledCheck {
  (document: unknown): boolean
  errors?: readonly SchemaError[] | null
}

/** The package's class beyond its type declaration: its `validate` refuses every reference to another file. */
interface MetaSchemas {
  getAjvValidator(version: string): CompiledCheck
}

export type OpenApiVersion = '3.0' | '3.1' | '3.2'

/** What people leave out most: it is missing, and nothing is let through for it. */
const LAX_REQUIRED = new Set([
  'info',
  'paths',
  'responses',
  'default',
  'description',
  'title',
  'version',
  'url',
])

const MAX_FAULTS = 50
/** Above this size only the first fault is looked for: all faults of a huge document need not fit into memory. */
const MAX_NODES_FOR_ALL_FAULTS = 1_000_000

/** Members whose members are named by the author. */
const NAME_MAPS = new Set(
  'properties schemas parameters headers responses paths securitySchemes requestBodies content'.split(
    ' ',
  ),
)

/** Members that tell people something and decide nothing here. */
const LAX_MEMBERS = new Set(
  'info tags externalDocs example examples contact license links callbacks webhooks xml description summary default'.split(
    ' ',
  ),
)

/**
 * Holds a document against the official meta-schema of its version (compiled on the first call, then kept by the caller's
 * `checker`). Faults in parts that decide nothing, unknown fields of schemas (3.1 allows them), and formats of texts are
 * warnings. At most 50 faults. Never throws.
 */
export function createStructureCheck(): (input: {
  readonly document: unknown
  readonly version: OpenApiVersion
  readonly nodes: number
}) => readonly StructuralFault[] {
  // The package's types say less than the class does; its version is pinned exactly.
  const first = new Validator({ allErrors: false }) as unknown as MetaSchemas
  const every = new Validator({ allErrors: true }) as unknown as MetaSchemas
  return ({ document, version, nodes }) => {
    const checkFirst = first.getAjvValidator(version)
    if (checkFirst(document)) return []
    if (nodes > MAX_NODES_FOR_ALL_FAULTS) return faultsOf(checkFirst.errors ?? [])
    const checkEvery = every.getAjvValidator(version)
    return checkEvery(document) ? [] : faultsOf(checkEvery.errors ?? [])
  }
}

function faultsOf(errors: readonly SchemaError[]): readonly StructuralFault[] {
  const faults = new Map<string, StructuralFault>()
  for (const error of leaves(errors)) {
    if (faults.size >= MAX_FAULTS) break
    const fault = faultOf(error)
    faults.set(`${fault.pointer} ${fault.message}`, fault)
  }
  return [...faults.values()].sort(
    (a, b) => Number(a.severity > b.severity) - Number(a.severity < b.severity),
  )
}

/**
 * The errors that say what is wrong: a choice (`oneOf`) that failed is explained by what failed inside it, and "it is
 * not a reference either" explains nothing.
 */
function leaves(errors: readonly SchemaError[]): readonly SchemaError[] {
  const telling = errors.filter((error) => !isChoice(error) && !isNotReference(error))
  const list = telling.length > 0 ? telling : errors
  const paths = list.map((error) => error.instancePath)
  const inner = new Set<string>()
  for (const path of paths) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      inner.add(path.slice(0, at))
    if (path !== '') inner.add('')
  }
  // An outer error beside an inner one is its consequence, unless it names a field of its own.
  return list.filter((error) => !inner.has(error.instancePath) || fieldOf(error) !== undefined)
}

function isChoice(error: SchemaError): boolean {
  return ['oneOf', 'anyOf', 'if', 'not'].includes(error.keyword)
}

function isNotReference(error: SchemaError): boolean {
  return error.keyword === 'required' && error.params['missingProperty'] === '$ref'
}

function fieldOf(error: SchemaError): string | undefined {
  const { additionalProperty, unevaluatedProperty, missingProperty } = error.params
  const field = additionalProperty ?? unevaluatedProperty ?? missingProperty
  return typeof field === 'string' ? field : undefined
}

function faultOf(error: SchemaError): StructuralFault {
  const field = fieldOf(error)
  const named = field === undefined ? '' : ` (${JSON.stringify(field)})`
  const message = `${error.message ?? error.keyword}${named}`
  return { severity: isLax(error) ? 'warning' : 'error', pointer: error.instancePath, message }
}

function isLax(error: SchemaError): boolean {
  // Formats of links and patterns: who uses the text checks it. Security schemes are read strictly by the index.
  if (['format', 'minProperties'].includes(error.keyword) || isUnknownField(error)) return true
  if (error.keyword === 'required' && LAX_REQUIRED.has(fieldOf(error) ?? '')) return true
  if (error.instancePath.startsWith('/components/securitySchemes/')) return true
  const parts = error.instancePath.split('/').slice(1)
  return parts.some((part, index) => LAX_MEMBERS.has(part) && !isName(parts, index))
}

/** A field that the specification does not know is read by nobody: what it was meant to say is not there. */
function isUnknownField(error: SchemaError): boolean {
  return error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties'
}

/** Whether a path part is a name given by the author, such as the property `example`, not a keyword. */
function isName(parts: readonly string[], index: number): boolean {
  const parent = parts[index - 1]
  return parent !== undefined && NAME_MAPS.has(parent) && !isName(parts, index - 1)
}
