const FIELD_NAME = /^[@$_\p{L}][\p{L}\p{N}_.$:-]{0,63}$/u
/** Long runs of digits or hexadecimal: ids, hashes, telephone numbers. */
const ID_LIKE = /\d{6}|^[\da-f-]{16,}$|^[\da-f]{8}-[\da-f]{4}-/i

/**
 * Whether the name of a member is one a programmer chose. Others (ids, addresses, sentences) are data: they must not
 * get into a document, nor into a list that people pass around.
 */
export function isFieldName(name: string): boolean {
  return FIELD_NAME.test(name) && !ID_LIKE.test(name) && name !== '__proto__'
}

/** A JSON Pointer in which array indexes and names that are data read `*`, so that equal places have one name. */
export function generalPointer(pointer: string): string {
  if (pointer === '') return ''
  return pointer
    .split('/')
    .map((part, index) => (index === 0 || isFieldName(unescaped(part)) ? part : '*'))
    .join('/')
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}
