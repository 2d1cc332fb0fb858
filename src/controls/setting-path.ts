/** A place in the configuration, as its loader writes places: `authorize.operations["GET /orders/{id}"]`. */
export function settingPath(block: string, ...keys: readonly string[]): string {
  return (
    block +
    keys.map((key) => (/^[\w-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`)).join('')
  )
}
