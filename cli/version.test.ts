import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { LLHTTP_VERSION } from '../src/edges/fast/llhttp-wasm.ts'
import { VERSION } from './version.ts'

test('--version says what parses the bytes of clients too', () => {
  const cli = new URL('sallyport.mjs', import.meta.url).pathname
  const said = execFileSync(process.execPath, [cli, '--version'], { encoding: 'utf8' })
  assert.equal(said, `${VERSION} (llhttp ${LLHTTP_VERSION})\n`)
})
