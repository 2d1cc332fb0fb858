/** Framing has no settings and no `off`: a message with two readings must not reach any decision. */
export type WireConfig = Readonly<Record<string, never>>

export function configureWire(): WireConfig {
  return {}
}
