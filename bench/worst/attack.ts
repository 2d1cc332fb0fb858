/** One request that is meant to be dear. */
export interface Attack {
  readonly name: string
  readonly method: string
  readonly target: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Buffer | undefined
}

/** Stands in names of a body that are new each time it is sent: an engine remembers those it has seen. */
export const NEW = '~new~'

/** The body as it is sent for the `count`th time. */
export function freshBody({ body }: Attack, count: number): Buffer | undefined {
  if (body?.includes(NEW) !== true) return body === undefined ? undefined : Buffer.from(body)
  const serial = count.toString(36).padStart(NEW.length, '_')
  return Buffer.from(body.toString('latin1').replaceAll(NEW, serial), 'latin1')
}

/** Most of a request that the goal of a millisecond speaks of: target, fields and body together. */
export const SMALL_BYTES: number = 65_536
/** What the fields of the head and the target may take of it. */
const HEAD_BYTES = 512
/** Largest body that is asked about: the gateway's default bound. */
export const LARGE_BYTES: number = 1_048_576

/** Bytes of target, fields and body. */
export function sizeOf({ target, headers, body }: Attack): number {
  return headers.reduce((sum, text) => sum + text.length + 2, target.length) + (body?.length ?? 0)
}

/** A body attack in two sizes: `make` is given the bytes that the body may have. */
export function bodyAttacks(
  name: string,
  target: string,
  make: (bytes: number) => string | Buffer,
  type = 'application/json',
): readonly Attack[] {
  return [SMALL_BYTES - HEAD_BYTES, LARGE_BYTES].map((bytes) => {
    const body = Buffer.from(make(bytes))
    const headers = ['Host', 'localhost', 'Content-Type', type, 'Content-Length', `${body.length}`]
    const size = bytes === LARGE_BYTES ? ' (1 MB)' : ''
    return { name: name + size, method: 'POST', target, headers, body }
  })
}

/** A request without a body. */
export function headAttack(
  name: string,
  target: string,
  headers: readonly string[] = [],
): readonly Attack[] {
  return [
    { name, method: 'GET', target, headers: ['Host', 'localhost', ...headers], body: undefined },
  ]
}

/** `piece(0)`, `piece(1)`, … joined by `glue` to at most `bytes`. */
export function fill(bytes: number, piece: (index: number) => string, glue = ''): string {
  const parts: string[] = []
  let size = 0
  for (let index = 0; ; index += 1) {
    const part = piece(index)
    size += part.length + glue.length
    if (size > bytes) return parts.join(glue)
    parts.push(part)
  }
}

/** A JSON array of pieces. */
export function arrayOf(bytes: number, piece: (index: number) => string): string {
  return `[${fill(bytes - 2, piece, ',')}]`
}

/** A JSON object of `"name": value` pieces. */
export function objectOf(bytes: number, piece: (index: number) => string): string {
  return `{${fill(bytes - 2, piece, ',')}}`
}
