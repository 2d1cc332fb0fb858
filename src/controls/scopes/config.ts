/** Scopes stand in the document; there is nothing to set. */
export type ScopesConfig = Readonly<Record<string, never>>

export function configureScopes(): ScopesConfig {
  return {}
}
