import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { get } from 'node:http'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { edgesOf, httpUpstream } from '../testing/edge-kit.ts'

/** More than the buffers of both kernels' sides hold. */
const BYTES = 12_000_000

/** Bytes that no other number has, nowhere. */
function bodyOf(seed: number): Buffer {
  const body = Buffer.alloc(BYTES)
  for (let at = 0; at < BYTES; at += 8) {
    body.writeUInt32LE(seed, at)
    if (at + 8 <= BYTES) body.writeUInt32LE(at, at + 4)
  }
  return body
}

function hashOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex')
}

/** Reads an answer; `isSlow`: begins late, so that the rest waits in the gateway. */
async function hashRead(url: string, isSlow: boolean): Promise<string> {
  const hash = createHash('sha256')
  const answer = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    get(url, resolve).on('error', reject)
  })
  if (isSlow) await sleep(100)
  for await (const chunk of answer) {
    hash.update(chunk)
  }
  return hash.digest('hex')
}

for (const transport of ['node', 'fast'] as const) {
  test(`${transport}: large answers at the same time do not mix, whoever reads slowly`, async (t) => {
    const origin = await httpUpstream(t, (req, res) => {
      const body = bodyOf(Number(req.url?.slice(1)))
      if (req.url?.endsWith('0') === true) res.setHeader('content-length', body.length)
      res.end(body)
    })
    const { url } = await edgesOf(transport)(t, origin)
    const seeds = [100, 101, 102, 103, 104, 105]
    const read = await Promise.all(seeds.map((seed) => hashRead(`${url}/${seed}`, seed % 2 === 0)))
    assert.deepEqual(
      read,
      seeds.map((seed) => hashOf(bodyOf(seed))),
    )
  })
}
