import type { Policy } from '../pipeline/policy.ts'

/** A place in the configuration, as its loader writes places: `authorize.operations["GET /orders/{id}"]`. */
export function settingPath(block: string, ...keys: readonly string[]): string {
  return (
    block +
    keys.map((key) => (/^[\w-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`)).join('')
  )
}

/** Where an entry of `authorize` for an operation stands: under its id, or in the rule that wrote it. */
export function authorizePath(
  { authorize }: Policy,
  block: 'operations' | 'acl',
  id: string,
): string {
  const path = settingPath(`authorize.${block}`, id)
  return authorize.placed?.get(path) ?? path
}
