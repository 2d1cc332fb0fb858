/** The first bytes of the file types that uploads are made of; `undefined` in a signature is any byte. */
const SIGNATURES: readonly (readonly [type: string, signature: readonly (number | undefined)[]])[] =
  [
    ['image/png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
    ['image/jpeg', [0xff, 0xd8, 0xff]],
    ['image/gif', [0x47, 0x49, 0x46, 0x38]],
    ['image/webp', [0x52, 0x49, 0x46, 0x46, ...Array<undefined>(4), 0x57, 0x45, 0x42, 0x50]],
    ['image/bmp', [0x42, 0x4d, ...Array<undefined>(4), 0, 0, 0, 0]],
    ['image/tiff', [0x49, 0x49, 0x2a, 0]],
    ['image/tiff', [0x4d, 0x4d, 0, 0x2a]],
    ['application/pdf', [0x25, 0x50, 0x44, 0x46, 0x2d]],
    ['application/zip', [0x50, 0x4b, 3, 4]],
    ['application/gzip', [0x1f, 0x8b]],
    ['application/x-elf', [0x7f, 0x45, 0x4c, 0x46]],
    ['application/x-msdownload', [0x4d, 0x5a]],
    ['audio/ogg', [0x4f, 0x67, 0x67, 0x53]],
  ]

/** Other names of the same types. */
const SAME: ReadonlyMap<string, string> = new Map([
  ['image/jpg', 'image/jpeg'],
  ['image/pjpeg', 'image/jpeg'],
  ['application/x-pdf', 'application/pdf'],
  ['application/x-zip-compressed', 'application/zip'],
  ['application/x-gzip', 'application/gzip'],
])

/** Types that say nothing about the bytes. */
const ANY: ReadonlySet<string> = new Set(['application/octet-stream', 'binary/octet-stream'])
/** Families that are made of one of these: office documents are archives, media containers vary. */
const CONTAINERS =
  /^(?:application\/(?:vnd\.|java-archive|epub|x-tar|x-.*-compressed)|audio\/|video\/)/

/** The type that the first bytes of a file show, or `undefined` where they show none. */
function sniffFileType(bytes: Uint8Array): string | undefined {
  return SIGNATURES.find(([, signature]) => matches(bytes, signature))?.[0]
}

function matches(bytes: Uint8Array, signature: readonly (number | undefined)[]): boolean {
  return (
    bytes.length >= signature.length &&
    signature.every((byte, index) => byte === undefined || byte === bytes[index])
  )
}

/**
 * Whether the first bytes contradict the type that the sender declares [VAL-06]: a declared type with a signature must
 * show it, and bytes that show a type must not be declared as another one.
 * @param declared essence in lower case.
 */
export function contradictsFileType(declared: string, bytes: Uint8Array): boolean {
  if (ANY.has(declared) || CONTAINERS.test(declared)) return false
  const type = SAME.get(declared) ?? declared
  const shown = sniffFileType(bytes)
  if (shown !== undefined) return shown !== type
  return SIGNATURES.some(([known]) => known === type)
}
