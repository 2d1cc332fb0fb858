import type { KongPlugin } from './kong-file.ts'

/** Tells of something at a plugin. */
export type Tell = (plugin: KongPlugin, todo: string) => void

/** The first plugin of one of the names. */
export function find(
  plugins: readonly KongPlugin[],
  ...names: readonly string[]
): KongPlugin | undefined {
  return plugins.find(({ name }) => names.includes(name))
}

/** The texts of a list; a single text is a list of one. */
export function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}
