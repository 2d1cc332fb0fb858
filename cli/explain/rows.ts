import { controls } from '../../src/controls/index.ts'
import type { AnyControl } from '../../src/controls/kit.ts'
import type { Kit } from '../../src/controls/kit.ts'
import { rulesFor } from '../../src/gateway/config/rule-match.ts'
import type { RuleSettings, Settings } from '../../src/gateway/config/settings.ts'
import type { SourceRef } from '../../src/openapi/model.ts'
import { modeOf } from '../../src/pipeline/control.ts'
import type { Mode, Policy } from '../../src/pipeline/policy.ts'
import type { Site } from '../../src/pipeline/site.ts'
import { placesOf } from '../document-places.ts'
import type { FilePlace } from '../document-places.ts'
import type { ConfigPlaces } from './config-places.ts'
import { modePaths, settingPaths } from './config-places.ts'
import { CONTROL_TEXT } from './control-text.ts'

/** One control at one operation. */
export interface ControlRow {
  readonly control: string
  readonly stage: string
  /** Ids of CONTROLS. */
  readonly ids: readonly string[]
  readonly mode: Mode
  /** What it will do here, in one line. */
  readonly does: string
  /** Where the configuration says so; `null` where defaults hold. */
  readonly setting: (FilePlace & { readonly path: string }) | null
  /** Where the configuration sets the mode; `null` where it says nothing. */
  readonly modeSetting: (FilePlace & { readonly path: string }) | null
  /** Where the document says so. */
  readonly document: FilePlace | null
}

/** What the rows are made from. */
export interface RowsInput {
  readonly site: Site
  readonly kit: Kit
  readonly settings: Settings
  readonly basePolicy: Policy
  readonly places: ConfigPlaces
  /** Absolute paths of root documents. */
  readonly documents: readonly string[]
}

/** The rules of the configuration that select an operation, widest first. */
export function rulesOf(site: Site, settings: Settings): readonly RuleSettings[] {
  return rulesFor(settings.rules, { ...site.operation, publicBase: site.publicBase })
}

/** Every control that has something to do at an operation, or would if it were not off, in pipeline order. */
export function controlRows(input: RowsInput): readonly ControlRow[] {
  const applying = controls.flatMap((control) => {
    const policy = control.scope === 'gateway' ? input.basePolicy : input.site.policy
    const mode = modeOf(control, policy)
    return applies(control, policy, input) ? [{ control, policy, mode }] : []
  })
  const sources = applying.map(({ control }) => sourceOf(control.name, input.site))
  const documents = documentPlaces(sources, input.documents)
  const rules = rulesOf(input.site, input.settings).map(({ index }) => index)
  const narrowestFirst = rules.toReversed()
  return applying.map(({ control, policy, mode }, index) => ({
    control: control.name,
    stage: control.stage,
    ids: control.ids,
    mode,
    does: mode === 'off' ? 'switched off' : textOf(control, policy, input),
    setting:
      input.places.written(settingPaths(control.name, input.site.operation.id, narrowestFirst)) ??
      null,
    modeSetting: input.places.written(modePaths(control, mode, narrowestFirst)) ?? null,
    document: documents[index] ?? null,
  }))
}

function applies(control: AnyControl, policy: Policy, { site, kit }: RowsInput): boolean {
  const config = control.configure(policy)
  if (config === undefined) return false
  const place = control.scope === 'gateway' ? undefined : site
  return control.compile(config, place, kit) !== undefined
}

function textOf(control: AnyControl, policy: Policy, input: RowsInput): string {
  const tell = CONTROL_TEXT.get(control.name)
  if (tell !== undefined) return tell({ ...input, policy })
  const answers = Object.entries(control.reasons).map(
    ([reason, { status }]) => `${status} ${reason}`,
  )
  return `may answer ${answers.join(', ')}`
}

/** What of the document a control goes by. */
function sourceOf(control: string, { operation }: Site): SourceRef | undefined {
  const { file, pointer } = operation.source
  switch (control) {
    case 'routes':
    case 'lifecycle':
      return operation.source
    case 'authenticate':
    case 'scopes':
      return { file, pointer: `${pointer}/security` }
    case 'parameters':
      return operation.parameters[0]?.source ?? operation.source
    case 'body':
      return operation.requestBody?.source
    case 'responses':
      return { file, pointer: `${pointer}/responses` }
    default:
      return undefined
  }
}

/** The text of a document is read once for all of its places. */
function documentPlaces(
  sources: readonly (SourceRef | undefined)[],
  documents: readonly string[],
): readonly (FilePlace | undefined)[] {
  const known = sources.filter((source) => source !== undefined)
  const places = placesOf(known, documents)
  return sources.map((source) => (source === undefined ? undefined : places[known.indexOf(source)]))
}
