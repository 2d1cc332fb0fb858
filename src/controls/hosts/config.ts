import type { Policy } from '../../pipeline/policy.ts'

export interface HostsConfig {
  readonly exact: ReadonlySet<string>
  /** What follows the `*` of one-label wildcards, such as `.example.com`. */
  readonly suffixes: readonly string[]
}

export function configureHosts({ listen }: Policy): HostsConfig {
  return {
    exact: new Set(listen.hosts.filter((host) => !host.startsWith('*.'))),
    suffixes: listen.hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(1)),
  }
}
