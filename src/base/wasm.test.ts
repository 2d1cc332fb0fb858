import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileWasm } from './wasm.ts'

/** `(module (memory (export "memory") 1))`. */
const MODULE = Buffer.from(
  '\0asm\x01\0\0\0\x05\x03\x01\0\x01\x07\x0a\x01\x06memory\x02\0',
  'latin1',
)

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
}

test('instances of one module have memory of their own', () => {
  const module = compileWasm(MODULE.toString('base64'))
  const [one, two] = [module?.instantiate() as Exports, module?.instantiate() as Exports]
  new Uint8Array(one.memory.buffer)[0] = 7
  assert.equal(new Uint8Array(two.memory.buffer)[0], 0)
})

test('what is no module, and one that this machine cannot run, is none', () => {
  assert.equal(compileWasm(''), undefined)
  assert.equal(compileWasm(MODULE.subarray(0, -1).toString('base64')), undefined)
})
