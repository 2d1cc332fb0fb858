import type * as Ffi from 'node:ffi'
import { openFfi } from '../../base/open-ffi.ts'

const int = 'int32'
/** Addresses in the lower 4 GiB pass as numbers: making a BigInt costs more than the call. */
const low = 'uint32'
const address = 'uint64'

/**
 * Calls with more than three arguments take a way through `node:ffi` that is several times as long: they are for what is
 * rare.
 */
const CALLS = {
  read: { return: int, arguments: [int, low, low] },
  write: { return: int, arguments: [int, low, low] },
  recv: { return: int, arguments: [int, low, low, int] },
  fcntl: { return: int, arguments: [int, int] },
  epoll_create1: { return: int, arguments: [int] },
  epoll_ctl: { return: int, arguments: [int, int, int, low] },
  epoll_wait: { return: int, arguments: [int, low, int, int] },
  getpid: { return: int, arguments: [] },
  sched_yield: { return: int, arguments: [] },
  mmap: { return: address, arguments: [address, address, int, int, int, 'int64'] },
  calloc: { return: address, arguments: [address, address] },
  __errno_location: { return: address, arguments: [] },
  uv_handle_size: { return: address, arguments: [int] },
  uv_timer_init: { return: int, arguments: [address, address] },
  uv_timer_start: { return: int, arguments: [address, address, address, address] },
  uv_backend_fd: { return: int, arguments: [address] },
  uv_backend_timeout: { return: int, arguments: [address] },
  uv_update_time: { return: 'void', arguments: [address] },
  uv_close: { return: 'void', arguments: [address, address] },
  uv_ref: { return: 'void', arguments: [address] },
  uv_unref: { return: 'void', arguments: [address] },
} as const

/** The same for memory of the engine. */
const BUFFER_CALLS = {
  read: { return: int, arguments: [int, 'buffer', low] },
  write: { return: int, arguments: [int, 'buffer', low] },
} as const

type Address = bigint

/** Functions of libc and of the libuv that is part of Node, by their C names. */
export interface Calls {
  read(socket: number, to: number, bytes: number): number
  write(socket: number, from: number, bytes: number): number
  recv(socket: number, to: number, bytes: number, flags: number): number
  fcntl(socket: number, command: number): number
  epoll_create1(flags: number): number
  epoll_ctl(poll: number, what: number, socket: number, event: number): number
  epoll_wait(poll: number, events: number, count: number, timeoutMs: number): number
  readonly getpid: (() => number) & { readonly pointer: Address }
  sched_yield(): number
  mmap(
    at: Address,
    bytes: bigint,
    protection: number,
    flags: number,
    file: number,
    offset: bigint,
  ): Address
  calloc(count: bigint, bytes: bigint): Address
  __errno_location(): Address
  uv_handle_size(type: number): bigint
  uv_timer_init(loop: Address, handle: Address): number
  uv_timer_start(handle: Address, callback: Address, ms: bigint, repeat: bigint): number
  uv_backend_fd(loop: Address): number
  uv_backend_timeout(loop: Address): number
  uv_update_time(loop: Address): void
  uv_close(handle: Address, callback: Address): void
  uv_ref(handle: Address): void
  uv_unref(handle: Address): void
}

/** Those that take memory of the engine. */
export interface BufferCalls {
  read(socket: number, to: Buffer, bytes: number): number
  write(socket: number, from: Buffer, bytes: number): number
}

/** What of `node:ffi` is used, and what it found in the running process. */
export interface Native {
  readonly ffi: typeof Ffi
  readonly calls: Calls
  readonly bufferCalls: BufferCalls
}

/** @returns `undefined` where `openFfi` gives nothing. */
export function openNative(): Native | undefined {
  const ffi = openFfi()
  if (ffi === undefined) return undefined
  try {
    const { functions: calls } = ffi.dlopen(null, CALLS)
    const { functions: bufferCalls } = ffi.dlopen(null, BUFFER_CALLS)
    return { ffi, calls, bufferCalls }
  } catch {
    // Refused by the permission model, or a symbol is not there.
    return undefined
  }
}
