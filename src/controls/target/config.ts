/** The canonical target has no settings and no `off`. */
export type TargetConfig = Readonly<Record<string, never>>

export function configureTarget(): TargetConfig {
  return {}
}
