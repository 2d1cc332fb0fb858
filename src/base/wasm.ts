/** The part of WebAssembly that is used; the type library of Node does not know it. */
interface WasmApi {
  validate(bytes: Uint8Array): boolean
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

/** A module that was compiled: instances of it are cheap. */
export interface WasmModule {
  /** A new instance with memory of its own. @returns what it exports; its shape is the caller's to know. */
  instantiate(): unknown
}

function wasmApi(): WasmApi | undefined {
  return (globalThis as { readonly WebAssembly?: WasmApi }).WebAssembly
}

/** Whether this process runs WebAssembly at all. */
export function hasWasm(): boolean {
  return wasmApi() !== undefined
}

/**
 * Compiles a module without imports, in base64 as `scripts/build-wasm.ts` writes it. `undefined` where this machine has
 * no WebAssembly, or none with SIMD.
 */
export function compileWasm(base64: string): WasmModule | undefined {
  const wasm = wasmApi()
  const code = Buffer.from(base64, 'base64')
  if (wasm === undefined || !wasm.validate(code)) return undefined
  const module = new wasm.Module(code)
  return { instantiate: () => new wasm.Instance(module).exports }
}
