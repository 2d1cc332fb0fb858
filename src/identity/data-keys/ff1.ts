import { createCipheriv } from 'node:crypto'

/** Ten rounds (SP 800-38G section 5.1). */
const ROUNDS = 10
const BLOCK = 16
/** Below a million values of a form, a token tells too much (SP 800-38G Rev. 1 section 5.1). */
const MIN_DOMAIN = 1_000_000
/** Longer texts are not what this is for. */
const MAX_LENGTH = 64

/** An alphabet, in order; at most 36 characters, each once. */
export type Alphabet = string

/** Whether texts of this many characters of an alphabet can be encrypted. */
export function fitsFf1(alphabet: Alphabet, length: number): boolean {
  return length <= MAX_LENGTH && alphabet.length ** length >= MIN_DOMAIN
}

/** What one encryption needs besides the text. */
export interface Ff1 {
  /** AES key of 16, 24 or 32 bytes. */
  readonly key: Buffer
  readonly tweak: Buffer
  readonly alphabet: Alphabet
}

/**
 * Encrypts a text into another of the same length and alphabet. Every character must be of the alphabet, and
 * `fitsFf1` must hold.
 * @see NIST SP 800-38G algorithm 7
 */
export function encryptFf1(text: string, ff1: Ff1): string {
  return run(text, ff1, 'encrypt')
}

/** Undoes `encryptFf1`. @see NIST SP 800-38G algorithm 8 */
export function decryptFf1(text: string, ff1: Ff1): string {
  return run(text, ff1, 'decrypt')
}

interface Shape {
  readonly radix: bigint
  /** Lengths of both halves. */
  readonly u: number
  readonly v: number
  /** Bytes that hold a half, and bytes of each round's output. */
  readonly b: number
  readonly d: number
}

function run(text: string, { key, tweak, alphabet }: Ff1, way: 'encrypt' | 'decrypt'): string {
  const n = text.length
  const u = Math.floor(n / 2)
  const v = n - u
  const radix = alphabet.length
  const b = Math.ceil(Math.ceil(v * Math.log2(radix)) / 8)
  const d = 4 * Math.ceil(b / 4) + 4
  const shape: Shape = { radix: BigInt(radix), u, v, b, d }
  const first = firstBlock(radix, { n, u, t: tweak.length })
  const round = (i: number, half: bigint): bigint =>
    roundOutput(i, half, { key, tweak, first, shape })
  let left = numberOf(text.slice(0, u), alphabet)
  let right = numberOf(text.slice(u), alphabet)
  for (let step = 0; step < ROUNDS; step += 1) {
    const i = way === 'encrypt' ? step : ROUNDS - 1 - step
    const modulus = shape.radix ** BigInt(i % 2 === 0 ? u : v)
    if (way === 'encrypt') {
      const sum = (left + round(i, right)) % modulus
      left = right
      right = sum
    } else {
      const difference = (((right - round(i, left)) % modulus) + modulus) % modulus
      right = left
      left = difference
    }
  }
  return textOf(left, u, alphabet) + textOf(right, v, alphabet)
}

/** Step 5 of algorithm 7. */
function firstBlock(
  radix: number,
  { n, u, t }: { readonly n: number; readonly u: number; readonly t: number },
): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.set([1, 2, 1])
  block.writeUIntBE(radix, 3, 3)
  block[6] = ROUNDS
  block[7] = u % 256
  block.writeUInt32BE(n, 8)
  block.writeUInt32BE(t, 12)
  return block
}

interface Round {
  readonly key: Buffer
  readonly tweak: Buffer
  readonly first: Buffer
  readonly shape: Shape
}

/** Steps 6i to 6iv of algorithm 7. */
function roundOutput(i: number, half: bigint, { key, tweak, first, shape }: Round): bigint {
  const padding = (((-tweak.length - shape.b - 1) % BLOCK) + BLOCK) % BLOCK
  const second = Buffer.concat([
    tweak,
    Buffer.alloc(padding),
    Buffer.from([i]),
    bytesOf(half, shape.b),
  ])
  let last = cbcMac(key, Buffer.concat([first, second]))
  const parts = [last]
  for (let j = 1; j * BLOCK < shape.d; j += 1) {
    const mixed = Buffer.from(last)
    mixed.writeUInt32BE((mixed.readUInt32BE(12) ^ j) >>> 0, 12)
    parts.push(cbcMac(key, mixed))
  }
  last = Buffer.concat(parts).subarray(0, shape.d)
  return BigInt(`0x${last.toString('hex')}`)
}

/** The last block of CBC with a first block of zeros: PRF of SP 800-38G, algorithm 6; AES itself for one block. */
function cbcMac(key: Buffer, data: Buffer): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, Buffer.alloc(BLOCK))
  cipher.setAutoPadding(false)
  return cipher.update(data).subarray(-BLOCK)
}

function numberOf(text: string, alphabet: Alphabet): bigint {
  const radix = BigInt(alphabet.length)
  let number = 0n
  for (const char of text) number = number * radix + BigInt(alphabet.indexOf(char))
  return number
}

function textOf(number: bigint, length: number, alphabet: Alphabet): string {
  const radix = BigInt(alphabet.length)
  let text = ''
  let left = number
  for (let index = 0; index < length; index += 1) {
    text = `${alphabet[Number(left % radix)] ?? ''}${text}`
    left /= radix
  }
  return text
}

function bytesOf(number: bigint, length: number): Buffer {
  return Buffer.from(number.toString(16).padStart(length * 2, '0'), 'hex')
}
