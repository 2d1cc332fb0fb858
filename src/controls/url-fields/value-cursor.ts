import type { TextCursor } from '../../http/leading-texts.ts'
import { childPointer } from '../../openapi/load/pointer.ts'

/** A list with more items is asked first whether any text in it is wanted. */
const FEW_ITEMS = 4

/** A container that is gone through. */
interface Open {
  readonly outer: Open | undefined
  /** Of members. */
  readonly names: readonly string[] | undefined
  readonly members: Readonly<Record<string, unknown>>
  /** Of a list. */
  readonly items: readonly unknown[]
  readonly size: number
  /** The name that texts in a list stand under. */
  readonly name: string
  readonly wantsTexts: boolean
  at: number
}

/** Goes through the strings of a value. Its depth and size are bounded: the JSON scan let it in (VAL-05). */
export class ValueCursor implements TextCursor {
  readonly #isAsked: (name: string) => boolean
  #open: Open | undefined
  name = ''
  text = ''

  /** `name`: that of a parameter; empty for a body. `isAsked`: whether texts under a name are wanted at all. */
  constructor(value: unknown, name: string, isAsked: (name: string) => boolean) {
    this.#isAsked = isAsked
    this.#open = this.#enter([value], name)
  }

  next(): boolean {
    for (let open = this.#open; open !== undefined; open = this.#open) {
      if (open.at === open.size) {
        this.#open = open.outer
        continue
      }
      const { names } = open
      const index = open.at++
      const name = names === undefined ? open.name : (names[index] ?? '')
      const item = names === undefined ? open.items[index] : open.members[name]
      if (typeof item === 'string') {
        if (!open.wantsTexts) continue
        this.name = name
        this.text = item
        return true
      }
      if (typeof item === 'object' && item !== null) this.#open = this.#enter(item, name)
    }
    return false
  }

  pointer(): string {
    let pointer = ''
    // The outermost one is none of the value.
    for (let open = this.#open; open?.outer !== undefined; open = open.outer) {
      const index = open.at - 1
      pointer = childPointer('', open.names?.[index] ?? String(index)) + pointer
    }
    return pointer
  }

  #enter(value: object, name: string): Open {
    const outer = this.#open
    if (Array.isArray(value)) {
      const items: readonly unknown[] = value
      const wantsTexts = items.length <= FEW_ITEMS || this.#isAsked(name)
      const size = items.length
      return { outer, names: undefined, members: NONE, items, size, name, wantsTexts, at: 0 }
    }
    const members = value as Open['members']
    // A third of what `for…in` costs: the engine has the names of objects at hand that it has seen the like of.
    const names = Object.keys(members)
    return {
      outer,
      names,
      members,
      items: NO_ITEMS,
      size: names.length,
      name,
      wantsTexts: true,
      at: 0,
    }
  }
}

const NO_ITEMS: readonly unknown[] = Object.freeze([])
const NONE: Open['members'] = Object.freeze({})
