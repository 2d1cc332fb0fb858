import assert from 'node:assert/strict'
import type { Got } from './ask.ts'

/** Header fields an answer must have: a pattern, or `undefined` for a field that must not be there. */
export type WantedFields = Readonly<Record<string, RegExp | undefined>>

/** Asserts the status, the fields, and that a refusal is a problem document of nothing but what clients may know. */
export function assertRefusal(got: Got, status: number, fields: WantedFields = {}): void {
  assert.equal(got.status, status, got.text)
  assertFields(got, fields)
  const id = got.headers.get('sallyport-request-id') ?? ''
  assert.match(id, /^[0-9a-f]{32}$/)
  assert.equal(got.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  const problem = got.json() as Record<string, unknown>
  const known = ['type', 'title', 'status', 'instance', 'errors', 'violated-policies']
  assert.deepEqual(
    Object.keys(problem).filter((key) => !known.includes(key)),
    [],
    got.text,
  )
  assert.equal(problem['status'], status)
  assert.equal(problem['instance'], id)
  assert.match(
    String(problem['type']),
    /^(?:urn:sallyport:problem:[a-z_]+|https:\/\/iana\.org\/.+)$/,
  )
  assert.equal(typeof problem['title'], 'string')
  for (const error of (problem['errors'] ?? []) as Record<string, unknown>[])
    assert.deepEqual(Object.keys(error).toSorted(), ['detail', 'pointer'])
}

/** Asserts that fields match, or are absent. */
export function assertFields({ headers }: Got, fields: WantedFields): void {
  for (const [name, pattern] of Object.entries(fields)) {
    if (pattern === undefined) assert.equal(headers.get(name), undefined, name)
    else assert.match(headers.get(name) ?? '', pattern, name)
  }
}

/** The JSON Pointers of a problem's errors. */
export function pointersOf(got: Got): readonly string[] {
  const { errors = [] } = got.json() as { errors?: { pointer: string }[] }
  return errors.map(({ pointer }) => pointer)
}

/** An address of loopback for the n-th client of a test, so that limits count each alone. */
export function clientAddress(net: number, n: number): string {
  return `127.${net}.${1 + Math.floor(n / 250)}.${1 + (n % 250)}`
}
