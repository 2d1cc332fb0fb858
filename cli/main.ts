import { Command } from 'commander'
import { reportFailure } from './failure.ts'
import { LLHTTP_VERSION } from '../src/edges/fast/llhttp-wasm.ts'
import { VERSION } from './version.ts'

/** Adds a command to the program. */
type Add = (program: Command) => void

/** The commands in the order of the help; each loads what it needs, and nothing of the others. */
const COMMANDS: ReadonlyMap<string, () => Promise<Add>> = new Map([
  ['init', async () => (await import('./init.ts')).addInit],
  ['serve', async () => (await import('./serve.ts')).addServe],
  ['check', async () => (await import('./check.ts')).addCheck],
  ['adopt', async () => (await import('./adopt.ts')).addAdopt],
  ['explain', async () => (await import('./explain.ts')).addExplain],
  ['matrix', async () => (await import('./matrix.ts')).addMatrix],
  ['keys', async () => (await import('./keys.ts')).addKeys],
  ['relations', async () => (await import('./relations.ts')).addRelations],
  ['demo', async () => (await import('./demo.ts')).addDemo],
  ['prove', async () => (await import('./prove.ts')).addProve],
  ['store', async () => (await import('./store.ts')).addStore],
  ['unlock', async () => (await import('./unlock.ts')).addUnlock],
  ['bans', async () => (await import('./bans.ts')).addBans],
])

const program = new Command('sallyport')
  .description(
    'An API security gateway: put it in front of any HTTP API, hand it the OpenAPI document.',
  )
  .version(`${VERSION} (llhttp ${LLHTTP_VERSION})`)
  .showHelpAfterError()

const wanted = loadersFor(process.argv[2] ?? '')
for (const add of await Promise.all(wanted.map((load) => load()))) add(program)

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

try {
  await program.parseAsync()
} catch (error) {
  reportFailure(error, process.argv.includes('--json'))
}

/** What the first argument needs: its command, nothing for the version, and all for help or an unknown command. */
function loadersFor(first: string): readonly (() => Promise<Add>)[] {
  const named = COMMANDS.get(first)
  if (named !== undefined) return [named]
  return ['-V', '--version'].includes(first) ? [] : [...COMMANDS.values()]
}
