import { Command } from 'commander'
import { ConfigError, formatFault } from '../src/base/config-error.ts'
import { addDemo } from './demo.ts'
import { addServe } from './serve.ts'
import { VERSION } from './version.ts'

const program = new Command('sallyport')
  .description(
    'An API security gateway: put it in front of any HTTP API, hand it the OpenAPI document.',
  )
  .version(VERSION)
  .showHelpAfterError()

addServe(program)
addDemo(program)

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  for (const fault of error.faults) console.error(formatFault(fault))
  process.exitCode = 1
}
