import { resolve } from 'node:path'
import type { ConfigFault } from '../base/config-error.ts'
import { DocumentError } from './load/document-error.ts'
import { DocumentSet } from './load/document-set.ts'
import { readVersion } from './load/document-version.ts'
import { Findings } from './load/findings.ts'
import { own, ownString } from './load/json-value.ts'
import { applyOverlay } from './load/overlay.ts'
import { readOperations } from './load/read-operations.ts'
import { readRequirements, readSecuritySchemes } from './load/read-security.ts'
import { readBasePath } from './load/read-servers.ts'
import type { Reader } from './load/reader.ts'
import { warnUnknownNames } from './load/sallyport-names.ts'
import { createStructureCheck } from './load/structure.ts'
import type { OpenApiVersion } from './load/structure.ts'
import type { JailedRead } from './jailed-read.ts'
import type { ApiModel, Finding } from './model.ts'

/** What to load. */
export interface LoadApiInput {
  /** Name of the API in the configuration. */
  readonly name: string
  /** The root document. Relative paths start at the working directory, so give absolute ones. */
  readonly file: string
  /** Overlays, applied in this order. */
  readonly overlays: readonly string[]
  readonly read: JailedRead
}

const MAX_FAULTS = 100

let structureCheck: ReturnType<typeof createStructureCheck> | undefined

/**
 * Loads a document with its overlays and the files it refers to, checks it, and indexes its operations. Nothing is
 * fetched, nothing is read but through `read`. Schemas stay where they stand; `registry` finds them.
 * @throws DocumentError with every finding, and file, line and column of the errors, when there is an error.
 */
export function loadApi(input: LoadApiInput): ApiModel {
  const findings = new Findings()
  const rootFile = resolve(input.file)
  const set = new DocumentSet({ rootFile, read: input.read, findings })
  const reader = prepare({ ...input, file: rootFile }, set, findings)
  if (reader === undefined || findings.hasErrors) throw documentError(findings.all(), set)
  const model = build(input.name, reader)
  if (findings.hasErrors) throw documentError(findings.all(), set)
  return model
}

/** Reads, overlays and checks the files; what follows may rely on their bounds, not on their shapes. */
function prepare(input: LoadApiInput, set: DocumentSet, findings: Findings): Reader | undefined {
  const file = set.nameOfPath(input.file)
  const parsed = set.parseFile(input.file, { file, pointer: '' })
  if (parsed === undefined) return undefined
  const document = overlay(input, set, { document: parsed.value, findings })
  if (findings.hasErrors) return undefined
  const version = readVersion(document, file, findings)
  if (version === undefined || !set.setRoot(document)) return undefined
  checkStructure({ document, file, version }, set, findings)
  set.readReferred()
  for (const { file, scan } of set.scans()) warnUnknownNames(file, scan, findings)
  return { set, findings, version }
}

function overlay(
  input: LoadApiInput,
  set: DocumentSet,
  { document, findings }: { readonly document: unknown; readonly findings: Findings },
): unknown {
  let result = document
  for (const path of input.overlays.map((overlay) => resolve(overlay))) {
    const file = set.nameOfPath(path)
    const parsed = set.parseFile(path, { file, pointer: '' })
    if (parsed === undefined) continue
    result = applyOverlay({ document: result, overlay: parsed.value, file, findings })
  }
  return result
}

function checkStructure(
  { document, file, version }: { document: unknown; file: string; version: OpenApiVersion },
  set: DocumentSet,
  findings: Findings,
): void {
  structureCheck ??= createStructureCheck()
  const nodes = set.scans()[0]?.scan.nodes ?? 0
  for (const fault of structureCheck({ document, version, nodes })) {
    const { severity, pointer, message } = fault
    findings.add({ severity, code: 'structure', message, source: { file, pointer } })
  }
}

function build(name: string, reader: Reader): ApiModel {
  const { set, findings, version } = reader
  const root = set.rootPlace()
  const schemes = readSecuritySchemes(reader, root)
  const security = readRequirements(reader, root, schemes)
  const info = own(root.value, 'info')
  return {
    name,
    title: ownString(info, 'title') ?? '',
    version: ownString(info, 'version') ?? '',
    openapi: version,
    basePath: readBasePath(reader, root),
    operations: readOperations(reader, root, { api: name, schemes, security }),
    securitySchemes: schemes,
    registry: set.registry(version === '3.0' ? 'openapi-3.0' : '2020-12'),
    files: set.files(),
    findings: findings.all(),
  }
}

function documentError(findings: readonly Finding[], set: DocumentSet): DocumentError {
  const errors = findings.filter((finding) => finding.severity === 'error').slice(0, MAX_FAULTS)
  const faults: ConfigFault[] = []
  for (const [file, list] of Map.groupBy(errors, (finding) => finding.source.file)) {
    const pointers = list.map((finding) => finding.source.pointer)
    const places = set.placesIn(file, pointers)
    for (const [index, { source, message }] of list.entries()) {
      faults.push({ path: source.pointer, message, file, ...places[index] })
    }
  }
  return new DocumentError(findings, faults)
}
