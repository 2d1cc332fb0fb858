import { setFlagsFromString } from 'node:v8'

/**
 * Lets the optimizing compiler put more of a request's way into one function than its defaults do: the way leads
 * through many small functions, each of which a server calls all the time. Worth about 5 % of the processor's time per
 * request (`bench/gateway`). For the whole process with all its threads, so only for one that serves and nothing else.
 */
export function tuneEngine(): void {
  for (const flag of FLAGS) setFlagsFromString(flag)
  settleGlobals()
}

/**
 * Makes plain properties of what Node hands out through accessors: the compiler knows what stands in a property that
 * nobody writes, an accessor it calls each time. For this thread; each has globals of its own.
 */
export function settleGlobals(): void {
  for (const [name, value] of Object.entries({ Buffer, performance }))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true })
}

const FLAGS = [
  // In bytes of bytecode; the defaults are 920 and 460.
  '--max-inlined-bytecode-size-cumulative=6000',
  '--max-inlined-bytecode-size=2000',
  // How many shapes a place in the code may have seen and still be compiled for each of them, 4 by default. Texts alone
  // come in six: as they were read, cut out of others, put together, put together and joined, of the source, and wide.
  '--max-valid-polymorphic-map-count=8',
  // What a request allocates dies with it. Where many were in flight when the collector came by, the engine would
  // conclude that such objects live long, and put all that follow where only a collection of the whole heap finds them.
  '--no-allocation-site-pretenuring',
  // Buffers that stream by count with the heap they belong to. By a limit of their own, 64 MB in all, they would order a
  // collection of the whole heap for each 64 MB that pass, though the next one of young objects frees them.
  '--external-memory-accounted-in-global-limit',
  // While a gateway rests, no request is there, and the engine's collections forget what requests look like: all code
  // that was compiled for them is thrown away, and the next ones run uncompiled (`bench/rest`). So shapes of objects are
  // kept once they were compiled for, and no collection is made only because nothing happens; what a burst took is
  // given back by the next one that is due.
  '--retain-maps-for-n-gc=1000000',
  '--memory-reducer-gc-count=0',
  // The engine allows a heap that has rested a tenth more than what lives in it, so that the first second of requests
  // ordered four collections of all of it. Here the next one comes when as much again has outlived the young ones.
  '--heap-growing-percent=100',
]
