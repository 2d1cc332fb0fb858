import { EMPTY } from '../openapi/fields/graph.ts'
import type { FieldEdge, FieldNode } from '../openapi/fields/graph.ts'
import type { Operation, ResponseModel, SchemaRef } from '../openapi/model.ts'
import type { FieldMark, FieldMarks } from './field-marks.ts'
import { declaredResponse, schemasOf } from './responses/declared.ts'
import type { RoleViews } from './role-views.ts'
import type { ShownView } from './show-field.ts'

/** Where views come from. */
export interface ViewSource {
  readonly marks: FieldMarks
  /** What callers see of the values of a place; `undefined` where nothing is said. Throws `ConfigError`. */
  viewsOf(root: FieldEdge<FieldMark>): RoleViews<ShownView> | undefined
}

type Views = RoleViews<ShownView>

/** What holds for one declared response, by what the answer turns out to be. */
interface ByShape {
  readonly object: Views | undefined
  readonly list: Views | undefined
  /** For what is neither, and before it is known. */
  readonly other: Views
}

/**
 * What callers see of answers, by declared response. Whichever of its media types an answer has, the rules of all of them
 * hold; so do they where an API answers one object for a declared list, or a list for one object.
 */
export class AnswerViews {
  readonly isEmpty: boolean
  readonly #operation: Operation
  readonly #byModel = new Map<ResponseModel | undefined, ByShape>()

  /** Throws `ConfigError`. */
  constructor(operation: Operation, source: ViewSource) {
    this.#operation = operation
    const models = [...operation.responses.values()]
    const add = (model: ResponseModel | undefined, refs: readonly SchemaRef[]): void => {
      const shapes = refs.length === 0 ? undefined : shapesOf(refs, source)
      if (shapes !== undefined) this.#byModel.set(model, shapes)
    }
    for (const model of models) add(model, schemasOf(model))
    // Where nobody refuses undeclared statuses: what any answer hides is hidden there too.
    add(undefined, models.flatMap(schemasOf))
    this.isEmpty = this.#byModel.size === 0
  }

  /** What holds for an answer; `undefined`: all of it is shown. */
  of(status: number, body?: Buffer): Views | undefined {
    const shapes = this.#byModel.get(declaredResponse(this.#operation, status))
    if (shapes === undefined || body === undefined) return shapes?.other
    const first = firstByte(body)
    if (first === OPEN_OBJECT) return shapes.object
    return first === OPEN_LIST ? shapes.list : shapes.other
  }
}

const OPEN_OBJECT = 0x7b
const OPEN_LIST = 0x5b
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const

/** The first byte of a JSON text that means anything. */
function firstByte(body: Buffer): number | undefined {
  let at = BYTE_ORDER_MARK.every((byte, index) => body[index] === byte) ? 3 : 0
  while (at < body.length && isSpace(body[at])) at += 1
  return body[at]
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function shapesOf(refs: readonly SchemaRef[], source: ViewSource): ByShape | undefined {
  const { marks } = source
  const other = source.viewsOf(marks.place(refs))
  if (other === undefined) return undefined
  const lists = refs.filter((ref) => isListOnly(marks.place([ref]).node))
  const objects = refs.filter((ref) => !isList(marks.place([ref]).node))
  const items = objects.length === 0 ? undefined : marks.place(objects, refs)
  return {
    object: lists.length === 0 ? other : source.viewsOf(marks.place(refs, lists)),
    list: items === undefined ? other : source.viewsOf({ marks: [], node: { ...EMPTY, items } }),
    other,
  }
}

type Node = FieldNode<FieldMark>

function isList({ items, prefix }: Node): boolean {
  return items !== undefined || prefix.length > 0
}

function isListOnly(node: Node): boolean {
  const { members, patterns, rest } = node
  return isList(node) && members.size + patterns.length === 0 && rest === undefined
}
