import { isUrlText, isUsualUrl, originFault } from '../../http/url-guard.ts'
import type { UrlRules } from '../../http/url-guard.ts'
import { OddHosts } from './odd-hosts.ts'
import type { HostFault } from './odd-hosts.ts'

/** Judges texts of one request that are declared as URLs: as `urlFault`, and only so many odd hosts. */
export class DeclaredJudge {
  readonly #rules: UrlRules
  readonly #odd: OddHosts

  constructor(rules: UrlRules) {
    this.#rules = rules
    this.#odd = new OddHosts(rules.allowHosts?.size ?? 0)
  }

  /** @returns `undefined`, or why the text is refused. Never throws. */
  fault(text: string): HostFault | undefined {
    if (!isUrlText(text)) return 'malformed'
    if (isUsualUrl(text, this.#rules)) return undefined
    return this.#odd.fault(text, (one) => originFault(one, this.#rules))
  }
}
