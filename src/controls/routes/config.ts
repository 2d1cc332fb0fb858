/** The inventory has no settings and no `off`: what the documents do not declare does not exist. */
export type RoutesConfig = Readonly<Record<string, never>>

export function configureRoutes(): RoutesConfig {
  return {}
}
