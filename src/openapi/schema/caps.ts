import type { Keywords } from './dialect.ts'
import { isObject } from './equal.ts'
import type { Applicable } from './facts.ts'
import { reach } from './facts.ts'
import type { Builder, CapScope, Check, Part } from './node.ts'
import { visit } from './node.ts'
import type { Caps } from './contract.ts'
import { isLonger } from './scalar.ts'
import { fail } from './run.ts'

/** The scope for a schema that applies to the same value as one whose place has its caps. */
export function insideOnly(scope: CapScope): CapScope {
  return scope === 'none' ? 'none' : 'inside'
}

/** What a value breaks that is longer than a cap: no keyword of the document says so. */
export const CAP = 'cap'

/** The bounds that the document leaves out at one place of a value; they come before its own checks. */
export function capsAt(part: Part, builder: Builder): readonly Check[] {
  const { caps } = builder.options
  if (caps === undefined || part.frame.variant.caps !== 'here') return []
  const schemas = [...reach(builder.resources, part.site)]
  if (always(schemas).some(hasList)) return []
  return [lengthCap(schemas, caps), itemCap(schemas, caps), freeMembers(schemas, caps)].filter(
    (check) => check !== undefined,
  )
}

/** The check of a place about which the document says nothing at all. */
export function freePlace(caps: Caps): Check {
  const [ofText, ofList] = [textCap(caps.maxLength), listCap(caps.maxItems)]
  const check: Check = (value, run) =>
    ofText(value, run, undefined) && ofList(value, run, undefined) && members(value, run, undefined)
  const members = eachMember(check)
  return check
}

function textCap(max: number): Check {
  const message = `must have at most ${max} characters`
  return (value, run) =>
    typeof value !== 'string' || !isLonger(value, max) || fail(run, CAP, message)
}

function listCap(max: number): Check {
  const message = `must have at most ${max} items`
  return (value, run) => !Array.isArray(value) || value.length <= max || fail(run, CAP, message)
}

/** Depth and number of values were bounded when the text was read. */
function eachMember(check: Check): Check {
  return (value, run) => {
    if (typeof value !== 'object' || value === null) return true
    let ok = true
    if (Array.isArray(value))
      for (const [i, item] of value.entries()) ok = visit(check, item, i, run) && ok
    else for (const [name, item] of Object.entries(value)) ok = visit(check, item, name, run) && ok
    return ok
  }
}

function always(schemas: readonly Applicable[]): readonly Applicable[] {
  return schemas.filter(({ isConditional }) => !isConditional)
}

function hasList({ keywords }: Applicable): boolean {
  return Array.isArray(keywords['enum']) || Object.hasOwn(keywords, 'const')
}

function lengthCap(schemas: readonly Applicable[], caps: Caps): Check | undefined {
  const isBytes = schemas.some(({ keywords }) => holdsBytes(keywords))
  if (isBytes || !mayBe('string', schemas)) return undefined
  const max = boundOf('maxLength', schemas, caps.maxLength)
  return max === undefined ? undefined : textCap(max)
}

function itemCap(schemas: readonly Applicable[], caps: Caps): Check | undefined {
  const max = mayBe('array', schemas) ? boundOf('maxItems', schemas, caps.maxItems) : undefined
  return max === undefined ? undefined : listCap(max)
}

/** Files in fields are as large as the body may be. */
function holdsBytes({ format, contentEncoding, contentMediaType }: Keywords): boolean {
  return (
    format === 'binary' ||
    format === 'byte' ||
    contentEncoding !== undefined ||
    contentMediaType !== undefined
  )
}

function mayBe(type: string, schemas: readonly Applicable[]): boolean {
  return always(schemas).every(({ keywords: { type: declared } }) =>
    Array.isArray(declared) ? declared.includes(type) : declared === undefined || declared === type,
  )
}

/** Where a branch lets more stand, so does the cap: the document has thought of it. */
function boundOf(
  keyword: 'maxLength' | 'maxItems',
  schemas: readonly Applicable[],
  cap: number,
): number | undefined {
  if (cap === Infinity) return undefined
  if (always(schemas).some(({ keywords }) => keywords[keyword] !== undefined)) return undefined
  const branches = schemas.map(({ keywords }) => keywords[keyword])
  return Math.max(cap, ...branches.filter((bound) => typeof bound === 'number'))
}

const NAMING = ['patternProperties', 'additionalProperties', 'unevaluatedProperties'] as const
const LISTING = ['prefixItems', 'items', 'unevaluatedItems'] as const

/** Members that no schema describes are looked at all the same, however deep. */
function freeMembers(schemas: readonly Applicable[], caps: Caps): Check | undefined {
  const describes = (names: readonly string[]): boolean =>
    schemas.some(({ keywords }) => names.some((name) => keywords[name] !== undefined))
  const isObjectFree = mayBe('object', schemas) && !describes(NAMING) && !schemas.some(hasMembers)
  const isArrayFree = mayBe('array', schemas) && !describes(LISTING)
  if (!isObjectFree && !isArrayFree) return undefined
  const members = eachMember(freePlace(caps))
  return (value, run) =>
    !(Array.isArray(value) ? isArrayFree : isObjectFree) || members(value, run, undefined)
}

function hasMembers({ keywords: { properties } }: Applicable): boolean {
  return isObject(properties) && Object.keys(properties).length > 0
}
