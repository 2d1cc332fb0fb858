import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve, sep } from 'node:path'
import { stringify } from 'yaml'
import type { ApiSettings } from '../../src/gateway/config/settings.ts'
import { createJailedRead } from '../../src/openapi/jailed-read.ts'
import { loadApi } from '../../src/openapi/load-api.ts'
import type { OverlayAction } from '../../src/openapi/propose/propose.ts'
import { CommandError } from '../failure.ts'

const HEAD = [
  'Written by sallyport adopt from traffic that the API took. Names of fields and types are guesses from what was seen.',
  'Read it: whatever stands here will pass. Descriptions say how often it was seen, and what to look at twice.',
]

/** The Overlay as YAML text. @see Overlay Specification 1.0.0 */
export function overlayText(title: string, actions: readonly OverlayAction[]): string {
  const overlay = {
    overlay: '1.0.0',
    info: { title: `What traffic showed of ${title}`, version: '1.0.0' },
    actions: actions.map(({ target, description, update, remove }) => ({
      target,
      description,
      ...(remove === true ? { remove } : { update }),
    })),
  }
  const comment = HEAD.map((line) => `# ${line}\n`).join('')
  return `${comment}${stringify(overlay, { lineWidth: 100, aliasDuplicateObjects: false })}`
}

/**
 * Writes the Overlay after trying it on the document. Throws `CommandError` where the file is there already, or is in
 * force: then what it says now would be lost. Throws `DocumentError` when the document does not load with it.
 */
export function writeOverlay(
  file: string,
  text: string,
  { api, force }: { readonly api: ApiSettings; readonly force: boolean },
): void {
  const path = resolve(file)
  if (api.overlays.includes(path)) {
    throw new CommandError(
      `${file} is in force: its actions would be lost`,
      'name another file and list both',
    )
  }
  if (existsSync(path) && !force)
    throw new CommandError(`${file} exists already`, '--force replaces it, or name another file')
  tryOverlay(path, text, api)
  writeFileSync(path, text, { mode: 0o644, flag: force ? 'w' : 'wx' })
  chmodSync(path, 0o644)
}

function tryOverlay(path: string, text: string, api: ApiSettings): void {
  const read = createJailedRead(dirname(api.openapi), api.overlays)
  loadApi({
    name: api.name,
    file: api.openapi,
    overlays: [...api.overlays, path],
    read: (file) => (file === path ? text : read(file)),
  })
}

/** The line that puts an Overlay in force, as the configuration in `folder` writes it. */
export function overlaysLine(file: string, api: ApiSettings, folder: string): string {
  const names = [...api.overlays, resolve(file)].map((path) => {
    const name = relative(folder, path).split(sep).join('/')
    return name.startsWith('.') ? name : `./${name}`
  })
  return `overlays: [${names.map((name) => (/^[\w./-]+$/.test(name) ? name : JSON.stringify(name))).join(', ')}]`
}
