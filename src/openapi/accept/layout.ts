import type { Kind } from '../schema/choice.ts'

/** The layout of memory that `assembly/accept.ts` reads: bytes. */
export const TEXT_AT = 0x4000
/** Longer texts are not looked at. */
export const MAX_TEXT_BYTES = 65_536
/** Behind the text, for reads of whole vectors; always zeros. */
const MARGIN = 256
/** Where nodes, members and what texts are compared with begin. */
export const TABLE_AT: number = TEXT_AT + MAX_TEXT_BYTES + MARGIN

/** Kinds of values that a node lets stand. */
export const KIND = {
  object: 1,
  array: 2,
  string: 4,
  number: 8,
  /** With `number`: whole ones only. */
  integer: 16,
  boolean: 32,
  null: 64,
  /** With `object`: which node an object belongs to, the text of one of its properties decides. */
  choice: 128,
} as const

/** How a text is judged besides its length. */
export const TEST = { none: 0, steps: 1, list: 2, date: 3, dateTime: 4, email: 5, url: 6 } as const

/** Where the parts of a node stand. */
export const NODE = {
  kinds: 0,
  test: 4,
  data: 8,
  minLength: 12,
  maxLength: 16,
  item: 20,
  minItems: 24,
  maxItems: 28,
  slotMask: 32,
  slots: 36,
  required: 40,
  minimum: 48,
  maximum: 56,
  above: 64,
  below: 72,
  others: 80,
  tag: 84,
  bytes: 88,
} as const

/** What of a node judges a kind of value: its bits, and the fields that begin somewhere with so many bytes. */
export const PARTS: Readonly<
  Record<Kind, { readonly bits: number; readonly fields: readonly (readonly [number, number])[] }>
> = {
  null: { bits: KIND.null, fields: [] },
  boolean: { bits: KIND.boolean, fields: [] },
  string: { bits: KIND.string, fields: [[NODE.test, NODE.item - NODE.test]] },
  number: {
    bits: KIND.number | KIND.integer,
    fields: [[NODE.minimum, NODE.others - NODE.minimum]],
  },
  array: { bits: KIND.array, fields: [[NODE.item, NODE.slotMask - NODE.item]] },
  object: {
    bits: KIND.object | KIND.choice,
    fields: [
      [NODE.slotMask, NODE.minimum - NODE.slotMask],
      [NODE.others, NODE.bytes - NODE.others],
    ],
  },
}

/** Where the parts of a member stand. */
export const MEMBER = { name: 0, length: 4, node: 8, index: 12, bytes: 16 } as const

/** Members of one object: a bit for each. */
export const MAX_MEMBERS = 64
/** A count or length that nothing reaches. */
export const UNBOUNDED = 0x7fff_ffff
