/** Where addresses of a block are, as databases of cities say it. */
export interface WrittenPlace {
  /** First number of the IPv4 addresses: `70` stands for 70.0.0.0/8. */
  readonly block: number
  readonly country: string
  readonly location?: Readonly<Record<string, number>>
}

const PREFIX_BITS = 8
const SEPARATOR = Buffer.alloc(16)
const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')

type Value = string | number | readonly Value[] | { readonly [key: string]: Value }

/** A control byte and what stands in it: type (1 to 7) and size (below 29). */
function sized(type: number, bytes: Buffer, size: number = bytes.length): Buffer {
  const head = type > 7 ? [size, type - 7] : [(type << 5) | size]
  return Buffer.concat([Buffer.from(head), bytes])
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return sized(3, bytes)
}

function whole(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return sized(6, bytes)
}

function encode(value: Value, isWhole: boolean): Buffer {
  if (typeof value === 'string') return sized(2, Buffer.from(value))
  if (typeof value === 'number') return isWhole ? whole(value) : double(value)
  if (Array.isArray(value)) {
    const items: Buffer[] = value.map((item: Value) => encode(item, isWhole))
    return sized(11, Buffer.concat(items), items.length)
  }
  const entries = Object.entries(value)
  const parts = entries.flatMap(([key, item]) => [encode(key, isWhole), encode(item, isWhole)])
  return sized(7, Buffer.concat(parts), entries.length)
}

/**
 * A database of IPv4 addresses in the MaxMind DB format 2.0, as small as a test needs it: a full tree of 8 bits with
 * records of 24. `builtMs`: when it says it was built.
 */
export function placesFile(places: readonly WrittenPlace[], builtMs: number): Buffer {
  const nodes = 2 ** PREFIX_BITS - 1
  const records = places.map(({ country, location }) =>
    encode({ country: { iso_code: country }, ...(location && { location }) }, false),
  )
  const offsets = new Map<number, number>()
  let at = 0
  for (const [index, { block }] of places.entries()) {
    offsets.set(block, at)
    at += records[index]?.length ?? 0
  }
  const tree = Buffer.alloc(nodes * 6)
  for (let node = 0; node < nodes; node++)
    for (const side of [0, 1] as const) {
      const child = 2 * node + 1 + side
      const block = child - nodes
      const offset = offsets.get(block)
      const unknown = offset === undefined ? nodes : nodes + SEPARATOR.length + offset
      tree.writeUIntBE(child < nodes ? child : unknown, node * 6 + side * 3, 3)
    }
  const metadata = encode(
    {
      node_count: nodes,
      record_size: 24,
      ip_version: 4,
      database_type: 'Test-City',
      languages: ['en'],
      binary_format_major_version: 2,
      binary_format_minor_version: 0,
      build_epoch: Math.floor(builtMs / 1000),
      description: { en: 'test' },
    },
    true,
  )
  return Buffer.concat([tree, SEPARATOR, ...records, MARKER, metadata])
}
