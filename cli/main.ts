import { Command } from 'commander'
import { addAdopt } from './adopt.ts'
import { addDemo } from './demo.ts'
import { addBans } from './bans.ts'
import { addCheck } from './check.ts'
import { addExplain } from './explain.ts'
import { reportFailure } from './failure.ts'
import { addInit } from './init.ts'
import { addKeys } from './keys.ts'
import { addMatrix } from './matrix.ts'
import { addProve } from './prove.ts'
import { addRelations } from './relations.ts'
import { addStore } from './store.ts'
import { addServe } from './serve.ts'
import { addUnlock } from './unlock.ts'
import { LLHTTP_VERSION } from '../src/edges/fast/llhttp-wasm.ts'
import { VERSION } from './version.ts'

const program = new Command('sallyport')
  .description(
    'An API security gateway: put it in front of any HTTP API, hand it the OpenAPI document.',
  )
  .version(`${VERSION} (llhttp ${LLHTTP_VERSION})`)
  .showHelpAfterError()

addInit(program)
addServe(program)
addCheck(program)
addAdopt(program)
addExplain(program)
addMatrix(program)
addKeys(program)
addRelations(program)
addDemo(program)
addProve(program)
addStore(program)
addUnlock(program)
addBans(program)

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

try {
  await program.parseAsync()
} catch (error) {
  reportFailure(error, process.argv.includes('--json'))
}
