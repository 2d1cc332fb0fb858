import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import { formPairs } from '../../http/form-text.ts'
import { formDecode } from '../../http/percent.ts'
import type { QueryPair } from '../../http/query.ts'
import { childPointer } from '../load/pointer.ts'
import type { MediaType } from '../model.ts'
import type { BodyFault, DecodeDeps } from './contract.ts'
import { readJson } from './field.ts'
import type { FieldSpec } from './field.ts'
import { compileFieldSet } from './field-set.ts'
import type { FoundFields } from './field-set.ts'
import { readText, Unreadable } from './scalar.ts'
import { readArray } from './structure.ts'
import { PLAIN_TEXT } from './text-type.ts'
import type { ObjectType, TextType } from './text-type.ts'

/** The plain value of a form, for the schema validator, or why there is none. */
export type FormResult = { readonly value: unknown } | { readonly fault: BodyFault }

/** Decodes a body, a large one in slices. Never throws, never rejects. */
export type FormDecoder = (body: Buffer) => MaybePromise<FormResult>

/**
 * Compiles the decoder of `application/x-www-form-urlencoded` bodies: fields as `encoding` says (else `form`, exploded),
 * objects without a style as JSON. Fields that the schema does not name stay in the value, where the strict validator
 * refuses them [VAL-03]; names that reach into prototypes and more than 100 fields refuse the body.
 * @see OpenAPI 3.2.0 section 4.15
 */
export function compileFormBody(mediaType: MediaType, deps: DecodeDeps): FormDecoder {
  const read = compileFormValue(mediaType, deps)
  return (body) => {
    // Old parsers begin a field at `;`, and these bytes go out as they came; serializers of forms encode it.
    if (body.includes(';')) return refuse('encoding', '', 'is not a form: semicolon')
    return andThen(formPairs(body, read.spelled), (query) =>
      'fault' in query
        ? refuse('encoding', '', `is not a form: ${query.fault.replaceAll('_', ' ')}`)
        : read.value(query.pairs),
    )
  }
}

/** Decodes pairs. */
export interface FormValue {
  /** The fields whose pairs must tell how they were spelled. */
  readonly spelled: ReadonlySet<string>
  value(pairs: readonly QueryPair[]): FormResult
}

/** Like `compileFormBody`, for pairs that were taken apart already. */
export function compileFormValue(mediaType: MediaType | undefined, deps: DecodeDeps): FormValue {
  const object = deps.types(mediaType?.schema).object ?? FREE_FORM
  const specs = [...object.properties].map(([name, type]) => specOf(name, type, mediaType))
  const fields = compileFieldSet(specs)
  return {
    spelled: new Set(specs.filter(isTakenApart).map(({ name }) => name)),
    value: (pairs) => buildValue(specs, object, fields(pairs)),
  }
}

/** Whether a field is more than one text: then what separates its pieces is seen in how it is spelled. */
function isTakenApart({ form, type }: FieldSpec): boolean {
  const isText = type.scalars.length === 1 && type.items === undefined && type.object === undefined
  return form === 'styled' && !isText
}

const FREE_FORM: ObjectType = { properties: new Map(), others: PLAIN_TEXT, isOpen: true }

function specOf(name: string, type: TextType, mediaType: MediaType | undefined): FieldSpec {
  const encoding = mediaType?.encoding.get(name)
  const isStyled = encoding?.style !== undefined || encoding?.explode !== undefined
  const isJson = !isStyled && isObjectOnly(type)
  const style = encoding?.style ?? 'form'
  return {
    name,
    type,
    style,
    explode: encoding?.explode ?? style === 'form',
    form: isJson ? 'json' : 'styled',
    decode: formDecode,
  }
}

function isObjectOnly(type: TextType): boolean {
  return type.object !== undefined && type.items === undefined && type.scalars.length === 0
}

function buildValue(
  specs: readonly FieldSpec[],
  object: ObjectType,
  found: FoundFields,
): FormResult {
  const value = Object.create(null) as Record<string, unknown>
  for (const [index, { name }] of specs.entries()) {
    const readings = found.readings[index]
    if (readings === undefined) continue
    if (readings instanceof Unreadable)
      return refuse(readings.keyword, childPointer('', name), readings.message)
    value[name] = readings[0]
  }
  return addOthers(value, object, found.unknown)
}

function addOthers(
  value: Record<string, unknown>,
  object: ObjectType,
  unknown: readonly QueryPair[],
): FormResult {
  const texts = new Map<string, string[]>()
  for (const [name, text] of unknown) {
    const list = texts.get(name)
    if (list === undefined) texts.set(name, [text])
    else list.push(text)
  }
  for (const [name, list] of texts) {
    const read = readOther(list, object.others)
    if (read instanceof Unreadable)
      return refuse(read.keyword, childPointer('', name), read.message)
    value[name] = read
  }
  return { value }
}

/** What a type does not take stays text: the validator says what is wrong with it. */
function readOther(texts: readonly string[], type: TextType): unknown {
  if (texts.length > 1) return readArray(texts, type.items ?? type)
  const [text = ''] = texts
  if (isObjectOnly(type)) {
    const json = readJson(text)
    return json instanceof Unreadable ? json : json[0]
  }
  const value = readText(text, type)
  return value instanceof Unreadable ? text : value
}

function refuse(keyword: string, pointer: string, message: string): FormResult {
  return { fault: { keyword, pointer, message } }
}
