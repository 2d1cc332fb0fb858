import { items, own } from '../load/json-value.ts'
import { splitPointer } from '../load/pointer.ts'
import { CAP } from '../schema/caps.ts'
import type { MediaType, SchemaRef, SourceRef } from '../model.ts'
import type { Outcome } from './change.ts'
import { byHand, proposed, SETTLED } from './change.ts'
import type { Input } from './input.ts'
import { mediaPlace } from './places.ts'
import { down, homeOfProperties, isOpen, partsOf, schemaAt } from './schema-walk.ts'
import { secretNames } from './secret-names.ts'
import { typeOutcome } from './find-type.ts'

/** What was found at a place of a body. */
export type BodyKind = 'unknown-field' | 'type' | 'missing-field' | 'constraint' | 'open'

/** The declared media type that a body fell under, and what declares it. */
export interface BodySide {
  readonly name: 'request' | 'response'
  readonly media: MediaType
  readonly owner: SourceRef
}

/** Names of request fields that decide about rights or money: a caller may have taught them on purpose. */
const DELICATE =
  /admin|role|permission|scope|privilege|owner|verified|approved|balance|credit|discount|price|tenant|status/i

/** Keywords that may be taken out of a schema without changing what the rest says. */
const REMOVABLE: ReadonlySet<string> = new Set([
  'enum',
  'const',
  'format',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
])

/** What a difference inside a body asks for. `path`: pointer into the body; a constraint has its keyword behind it. */
export function bodyOutcome(
  input: Input,
  side: BodySide,
  { kind, path }: { readonly kind: BodyKind; readonly path: string },
): Outcome {
  const [pointer = '', keyword = ''] = path.split(' ')
  const names = splitPointer(pointer)
  const { schema } = side.media
  if (names === undefined) return byHand('a place that has no pointer')
  if (side.name === 'response') {
    const kept = keptOut(input, names)
    if (kept !== undefined) return kept
  }
  if (schema === undefined) return withoutSchema(input, side)
  const body: Body = { input, side, root: schema, names }
  switch (kind) {
    case 'type':
      return typeAt(body)
    case 'unknown-field':
      return unknownField(body)
    case 'open':
      return openPlace(body)
    case 'missing-field':
      return missingField(body)
    case 'constraint':
      return constraintAt(input, schemaAt(input.model.registry, schema, names), keyword)
  }
}

interface Body {
  readonly input: Input
  readonly side: BodySide
  readonly root: SchemaRef
  readonly names: readonly string[]
}

function keptOut({ shape, options }: Input, names: readonly string[]): Outcome | undefined {
  const secrets = [
    ...names.slice(-1).filter((name) => options.isSecret(name)),
    ...secretNames(shape, options.isSecret),
  ]
  return secrets.length === 0
    ? undefined
    : { state: 'kept-out', why: `${secrets.join(', ')}: named like a secret` }
}

function withoutSchema({ model, shape }: Input, { media, owner }: BodySide): Outcome {
  const at = mediaPlace(model, owner, media.type)
  return at === undefined ? SETTLED : proposed({ action: 'add-schema', at, shape })
}

function unknownField(body: Body): Outcome {
  const { input, side, root, names } = body
  const { registry } = input.model
  const name = names.at(-1)
  // The whole body, or items: a structure where another kind is declared.
  if (name === undefined || name === '*') return name === undefined ? typeAt(body) : starAt(body)
  const parent = schemaAt(registry, root, names.slice(0, -1))
  if (parent === undefined) return SETTLED
  const known = down(registry, parent, name)
  const isListed = known !== undefined && known.pointer.endsWith(`/${escaped(name)}`)
  if (isListed && own(known.schema, 'writeOnly') === true)
    return byHand('the document says that it is writeOnly')
  if (known !== undefined && known.schema !== false) return typeOutcome(input, known)
  const home = homeOfProperties(registry, parent)
  if (home === undefined) return byHand('its schema is out of reach')
  const isDelicate = side.name === 'request' && DELICATE.test(name)
  const { shape } = input
  return proposed({ action: 'add-property', at: home, name, shape, isDelicate })
}

/** Items that are not as declared, or names that are data, which only a person can describe. */
function starAt(body: Body): Outcome {
  const place = schemaAt(body.input.model.registry, body.root, body.names)
  return place === undefined
    ? byHand('the names of its fields are data: describe them by additionalProperties')
    : typeAt(body)
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

function typeAt({ input, root, names }: Body): Outcome {
  const place = schemaAt(input.model.registry, root, names)
  return place === undefined ? SETTLED : typeOutcome(input, place)
}

function openPlace(body: Body): Outcome {
  const { input, root, names } = body
  const { registry } = input.model
  const { shape } = input
  const place = schemaAt(registry, root, names)
  if (place !== undefined && place.schema !== true) {
    if (!isOpen(registry, place)) return SETTLED
    const home = homeOfProperties(registry, place)
    return home === undefined
      ? byHand('its schema is out of reach')
      : proposed({ action: 'fill-schema', at: home, shape })
  }
  const name = names.at(-1)
  const parent = schemaAt(registry, root, names.slice(0, -1))
  const home = parent === undefined ? undefined : homeOfProperties(registry, parent)
  if (name === undefined || home === undefined) return byHand('its schema is out of reach')
  if (name !== '*') return proposed({ action: 'add-property', at: home, name, shape })
  return proposed({ action: 'add-items', at: home, shape })
}

function missingField({ input, root, names }: Body): Outcome {
  const { registry } = input.model
  const name = names.at(-1)
  const parent = schemaAt(registry, root, names.slice(0, -1))
  if (name === undefined || parent === undefined) return SETTLED
  const part = partsOf(registry, parent, 'any').find(({ schema }) =>
    items(own(schema, 'required')).includes(name),
  )
  return part === undefined ? SETTLED : proposed({ action: 'make-optional', at: part, name })
}

/** A keyword that honest values break. Shared with parameters. */
export function constraintAt(
  { model }: Input,
  place: SchemaRef | undefined,
  keyword: string,
): Outcome {
  if (place === undefined) return SETTLED
  const part = partsOf(model.registry, place, 'always').find(
    ({ schema }) => own(schema, keyword) !== undefined,
  )
  if (keyword === CAP) return byHand('validate.caps refuses it: declare how much may stand here')
  if (!REMOVABLE.has(keyword)) return byHand(`${keyword} refuses it`)
  if (part === undefined) return SETTLED
  return proposed({ action: 'drop-keyword', at: part, name: keyword, isDelicate: true })
}
