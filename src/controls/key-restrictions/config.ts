/** What a key is confined to stands in the key's own record. */
export type KeyRestrictionsConfig = Readonly<Record<string, never>>

export function configureKeyRestrictions(): KeyRestrictionsConfig {
  return {}
}
