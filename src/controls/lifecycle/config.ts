/** What the document says about an operation's life is all there is to set. */
export type LifecycleConfig = Readonly<Record<string, never>>

export function configureLifecycle(): LifecycleConfig {
  return {}
}
