// npm run bench -- tls [--transport both]: see README.md
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeConfig, writeInputs } from '../gateway/inputs.ts'
import type { Transport } from '../gateway/issuer.ts'
import { PORTS } from '../gateway/ports.ts'
import { listening, startOn, stopAll } from '../machine/processes.ts'
import { needPrograms } from '../machine/programs.ts'
import { scratchFolder } from '../machine/scratch.ts'
import { printTable } from '../machine/statistics.ts'

/** One line of testssl's report. */
interface Finding {
  readonly id: string
  readonly severity: string
  readonly finding: string
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Protocols, categories of ciphers, preferences, forward secrecy, attacks. */
const CHECKS = ['-p', '-s', '-P', '-f', '-U']
const BAD = new Set(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'])
const WEAK_PROTOCOLS = ['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1']
const GOOD_CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1', 'X25519', 'X448'])
/** About the certificate of the run, or about the machine that asks. */
const BESIDE_THE_POINT = /^(cert|scanTime|engine_problem|clientsimulation|DNS|HSTS)/i

const { values: options } = parseArgs({
  options: { transport: { type: 'string', default: 'both' } },
})

/** What is wrong; empty for nothing. */
function faultsOf(findings: readonly Finding[]): readonly string[] {
  const faults = findings
    .filter(({ id, severity }) => BAD.has(severity) && !BESIDE_THE_POINT.test(id))
    .map(({ id, severity, finding }) => `${severity} ${id}: ${finding}`)
  for (const protocol of WEAK_PROTOCOLS) {
    const said = findings.find(({ id }) => id === protocol)?.finding
    if (said !== undefined && !said.startsWith('not offered')) faults.push(`${protocol}: ${said}`)
  }
  const curves = findings.find(({ id }) => id === 'FS_ECDHE_curves' || id === 'PFS_ECDHE_curves')
  for (const curve of curves?.finding.split(' ') ?? [])
    if (!GOOD_CURVES.has(curve)) faults.push(`curve ${curve}`)
  // A report without its middle is no proof of anything.
  if (curves === undefined || !findings.some(({ id }) => id === 'TLS1_3'))
    faults.push('testssl did not come to its end')
  return faults
}

function testssl(port: number, folder: string): readonly Finding[] {
  const file = join(folder, `testssl-${port}.json`)
  const flags = ['--quiet', '--color', '0', '--warnings', 'batch', '--jsonfile', file]
  spawnSync('testssl', [...flags, ...CHECKS, `127.0.0.1:${port}`], { stdio: 'ignore' })
  return JSON.parse(readFileSync(file, 'utf8')) as Finding[]
}

async function judge(folder: string, transport: Transport): Promise<readonly string[]> {
  const [port, tlsPort] = PORTS[transport]
  const config = writeConfig(folder, `tls-${transport}`, { port, tlsPort, transport })
  const command = [process.execPath, join(ROOT, 'cli/sallyport.mjs'), 'serve', '-c', config]
  const program = startOn(0, command)
  try {
    await listening(tlsPort, program)
    const findings = testssl(tlsPort, folder)
    const faults = faultsOf(findings)
    if (faults.length > 0) process.exitCode = 1
    const offered = findings
      .filter(({ id }) => /^(TLS1_[23]|P?FS_ECDHE_curves|ALPN.*)$/.test(id))
      .map(({ id, finding }) => `${id}: ${finding}`)
    return [
      transport,
      String(findings.length),
      offered.join('; '),
      faults.length === 0 ? 'nothing weak' : `FAILED: ${faults.join('; ')}`,
    ]
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [transport, '-', '-', `skipped: ${reason}`]
  } finally {
    await stopAll([program])
  }
}

needPrograms(['testssl', 'openssl', 'taskset'])
const folder = scratchFolder('tls')
await writeInputs(folder, 0)
const rows: (readonly string[])[] = []
for (const transport of ['node', 'fast'] as const)
  if (['both', transport].includes(options.transport)) rows.push(await judge(folder, transport))
printTable(['transport', 'findings', 'offered', 'verdict'], rows)
