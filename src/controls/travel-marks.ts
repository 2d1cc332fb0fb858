/** Groups of countries under which places are remembered, so that a look at all of them is a short one. */
export const PLACE_GROUPS = 16

/** That a principal was in a country of a group. */
export function groupMark(id: string, group: number): string {
  return `where-group-${group}:${id}`
}

/** That a principal was in a country. */
export function countryMark(id: string, country: string): string {
  return `where-${country}:${id}`
}

/** That a principal may come from a network. */
export function networkMark(id: string, network: string): string {
  return `where-net-${network}:${id}`
}

/** That a principal was asked for a new log-in because it came from a network. */
export function askedMark(id: string, network: string): string {
  return `where-asked-${network}:${id}`
}

/** Keys of counters without which it is as if a principal had been nowhere yet. */
export function travelKeys(id: string): readonly string[] {
  return Array.from({ length: PLACE_GROUPS }, (_, group) => groupMark(id, group))
}

/** Counts uses of a key from outside its networks [KEY-06]. `credential`: as logs name it, such as `key:k3yid2abcdef`. */
export function foreignUses(credential: string): string {
  return `key-foreign:${credential}`
}
