import type { IncomingMessage } from 'node:http'

/** One part of a multipart body. */
export interface Part {
  readonly name: string
  readonly fileName: string | undefined
  readonly bytes: Buffer
}

/** The whole body. HOLE `unbounded-body`: no limit at all. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** The body's fields: JSON or a form; other bodies have none. Throws on broken JSON (`stack-trace`). */
export function fieldsOf(body: Buffer, mediaType: string): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {}
  if (mediaType.includes('json')) return JSON.parse(body.toString()) as Record<string, unknown>
  if (mediaType.includes('urlencoded')) {
    return Object.fromEntries(new URLSearchParams(body.toString()))
  }
  return {}
}

/** The parts of a multipart body, split at the boundary and nothing checked (enough for an example). */
export function partsOf(body: Buffer, mediaType: string): readonly Part[] {
  const boundary = /boundary="?([^";]+)"?/i.exec(mediaType)?.[1]
  if (boundary === undefined) return []
  const pieces = body.toString('latin1').split(`--${boundary}`)
  return pieces.slice(1, -1).map(toPart)
}

function toPart(piece: string): Part {
  const headEnd = piece.indexOf('\r\n\r\n')
  const head = piece.slice(0, headEnd)
  return {
    name: /[; ]name="([^"]*)"/i.exec(head)?.[1] ?? '',
    fileName: /filename="([^"]*)"/i.exec(head)?.[1],
    bytes: Buffer.from(piece.slice(headEnd + 4, -2), 'latin1'),
  }
}
