import type { KongPlugin } from './kong-file.ts'

/** Group of every imported key where routes have ACLs: of routes without one. */
export const EVERYBODY = 'consumers'

/** Plugins of a consumer and of nothing else besides. */
export function ofConsumer(plugins: readonly KongPlugin[], name: string): readonly KongPlugin[] {
  return plugins.filter(
    ({ consumer, service, route, isEnabled }) =>
      consumer === name && service === undefined && route === undefined && isEnabled,
  )
}

/** The plan that a consumer with a limit of its own gets. */
export function planOf(consumer: string): string {
  return consumer.replaceAll(/[^\w.-]/g, '-')
}
