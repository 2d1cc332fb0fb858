/** Who gets the bytes of a client. */
export interface BytesTaker {
  /** `isLent`: the memory is another's after the call; what is kept of it must be copied. */
  takeBytes(chunk: Buffer, isLent: boolean): void
}
