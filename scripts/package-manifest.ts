/** The parts of the root's package.json that the published package takes over. */
export interface RootManifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly dependencies: Readonly<Record<string, string>>
}

/**
 * The package.json that users get, beside `dist/`: public, runtime dependencies only.
 * The root's own has what only a checkout needs: workspaces, tools, a Node binary of 211 MB (docs/decisions/0002).
 */
export function packageManifest(root: RootManifest): Record<string, unknown> {
  const { name, version, description, license, dependencies } = root
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    bin: { sallyport: 'dist/cli/sallyport.mjs' },
    exports: {
      '.': { types: './dist/src/index.d.ts', default: './dist/src/index.js' },
      './schema.json': './schema/sallyport.schema.json',
      './package.json': './package.json',
    },
    files: ['dist', 'schema', 'CHANGELOG.md'],
    engines: { node: '>=24.15.0' },
    dependencies,
  }
}
