import type { UrlFault } from '../../http/url-guard.ts'

/** Why a text is refused; stable codes for the log. */
export type HostFault = UrlFault | 'too_many_hosts'

/** So many different hosts may be written in other ways than plainly; to read each of them takes a URL parser. */
const MAX_ODD_HOSTS = 128

/**
 * Everything of a URL that its host depends on, where no character is left out that parsers skip. Sticky: to be told
 * where it ends costs less than what it matched.
 */
const ORIGIN = /(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}[^/\\?#\s\0-\x20]+[/\\?#]/iy

/** Hosts of one request that are not written plainly, and what was said of them. */
export class OddHosts {
  readonly #most: number
  /** By what stands before the path. */
  #known: Map<string, HostFault | 'none'> | undefined = undefined

  /** `allowed`: how many hosts the operator allows; so many more may be named. */
  constructor(allowed: number) {
    this.#most = MAX_ODD_HOSTS + allowed
  }

  /** What `judge` says of a text; it depends on nothing but what stands before the path. */
  fault(text: string, judge: (text: string) => UrlFault | undefined): HostFault | undefined {
    const origin = originOf(text)
    const known = (this.#known ??= new Map<string, HostFault | 'none'>())
    let fault = known.get(origin)
    if (fault === undefined) {
      fault = known.size < this.#most ? (judge(text) ?? 'none') : 'too_many_hosts'
      known.set(origin, fault)
    }
    return fault === 'none' ? undefined : fault
  }
}

function originOf(text: string): string {
  ORIGIN.lastIndex = 0
  return ORIGIN.test(text) ? text.slice(0, ORIGIN.lastIndex) : text
}
