import { readFileSync } from 'node:fs'

/** The version of this package, as its manifest says. */
export const VERSION: string = readVersion()

function readVersion(): string {
  const text = readFileSync(
    new URL(
      import.meta.url.includes('/dist/') ? '../../package.json' : '../package.json',
      import.meta.url,
    ),
    'utf8',
  )
  return (JSON.parse(text) as { readonly version: string }).version
}
