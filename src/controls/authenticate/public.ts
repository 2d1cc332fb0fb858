import { urlCredentialRules, urlCredentials } from '../../identity/url-credentials.ts'
import type { Guard } from '../../pipeline/control.ts'
import type { SecurityEvent } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'

/** What is left to do where nobody is asked who they are: a key of ours in the URL is burnt here too [KEY-02]. */
export function publicGuard(kit: Kit): Guard {
  const rules = urlCredentialRules(kit.keys.format.prefix)
  return {
    onRequest: (exchange) => {
      const { path, query } = exchange
      if (!path.includes(rules.mark) && !query.text.includes(rules.mark)) return undefined
      const names = new Set(query.pairs.map(([name]) => name))
      const found = urlCredentials(exchange, names, rules)
      if (found === undefined) return undefined
      for (const text of found.keyTexts) kit.keys.markExposed(text, kit.clock.nowMs())
      exchange.events.push(KEY_IN_URL)
      return undefined
    },
  }
}

const KEY_IN_URL: SecurityEvent = Object.freeze({
  name: 'sp_credential_in_url',
  level: 'warn',
  control: 'authenticate',
  reason: 'credential_in_url',
})
