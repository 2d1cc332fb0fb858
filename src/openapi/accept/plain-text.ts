// eslint-disable-next-line no-control-regex -- control characters are what is asked about
const ESCAPED = /["\\\u0000-\u001f]/

/** Whether a JSON text may hold it as it is, in UTF-8 and without escapes. */
export function isPlain(text: string): boolean {
  return text.isWellFormed() && !ESCAPED.test(text)
}
