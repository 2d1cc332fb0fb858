import type { Native } from './calls.ts'

const PROT_READ_WRITE = 3
const MAP_PRIVATE_ANONYMOUS_32BIT = 0x62

/** Memory whose addresses pass as numbers. It is the thread's until the process ends. */
export interface LowMemory {
  /** Address of its first byte. */
  readonly base: number
  readonly bytes: Buffer
}

/** @throws where the lower 4 GiB have no room for it. */
export function lowMemory({ ffi, calls }: Native, size: number): LowMemory {
  const base = calls.mmap(0n, BigInt(size), PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_32BIT, -1, 0n)
  if (base === 0n || base > BigInt(0xffffffff - size)) throw new Error('no low memory')
  return { base: Number(base), bytes: Buffer.from(ffi.toArrayBuffer(base, size, false)) }
}
