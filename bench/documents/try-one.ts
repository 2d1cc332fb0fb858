// Worker of run.ts: loads and compiles one document per message, so that one that hangs can be ended.
import { basename, dirname } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { createJailedRead } from '../../src/openapi/jailed-read.ts'
import { DocumentError } from '../../src/openapi/load/document-error.ts'
import { loadApi } from '../../src/openapi/load-api.ts'
import type { Finding } from '../../src/openapi/model.ts'
import { compileAll } from './compile.ts'
import type { Examples } from './compile.ts'
import type { KernelCover } from './kernel-cover.ts'

/** What became of one document. */
export interface Outcome {
  readonly operations: number
  /** Codes of warnings and notes, each as often as it came. */
  readonly said: readonly string[]
  /** The first error, where the document is refused. */
  readonly refused: Finding | undefined
  readonly crashed: string | undefined
  readonly examples: Examples
  readonly kernel: KernelCover
}

/** What to do. */
export interface Task {
  readonly file: string
  readonly loadOnly: boolean
}

const NOTHING: Outcome = {
  operations: 0,
  said: [],
  refused: undefined,
  crashed: undefined,
  examples: { valid: 0, accepted: 0, undeclared: 0, refused: [] },
  kernel: { whole: 0, partly: 0, not: 0 },
}

function tryOne({ file, loadOnly }: Task): Outcome {
  try {
    const read = createJailedRead(dirname(file))
    const api = loadApi({ name: basename(file), file, overlays: [], read })
    const compiled = loadOnly ? undefined : compileAll(api)
    const findings = [...api.findings, ...(compiled?.findings ?? [])]
    const refused = findings.find((finding) => finding.severity === 'error')
    if (refused !== undefined) return { ...NOTHING, refused }
    const said = findings.map((finding) => finding.code)
    const examples = compiled?.examples ?? NOTHING.examples
    const kernel = compiled?.kernel ?? NOTHING.kernel
    return { ...NOTHING, operations: api.operations.length, said, examples, kernel }
  } catch (error) {
    if (error instanceof DocumentError) {
      return { ...NOTHING, refused: error.findings.find((finding) => finding.severity === 'error') }
    }
    return {
      ...NOTHING,
      crashed: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }
  }
}

parentPort?.on('message', (task: Task) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
  parentPort?.postMessage(tryOne(task))
})
