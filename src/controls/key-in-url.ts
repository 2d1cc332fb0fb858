import { urlCredentialRules, urlCredentials } from '../identity/url-credentials.ts'
import type { Exchange, SecurityEvent } from '../pipeline/exchange.ts'
import type { Kit } from './kit.ts'

/**
 * Burns keys of ours that stand in the URL of a request at which nobody asks who is calling [KEY-02]: they are in logs
 * and histories by now, whatever became of the request. Other credentials are not looked for.
 */
export function keyInUrlBurner(kit: Kit): (exchange: Exchange) => void {
  const rules = urlCredentialRules(kit.keys.format.prefix)
  return (exchange) => {
    const texts = keyTextsIn(exchange, rules)
    if (texts.length === 0) return
    for (const text of texts) kit.keys.markExposed(text, kit.clock.nowMs())
    exchange.events.push(KEY_IN_URL)
  }
}

function keyTextsIn(
  exchange: Exchange,
  rules: ReturnType<typeof urlCredentialRules>,
): readonly string[] {
  const { path, query, head } = exchange
  // A target that cannot be read in one way is searched as it came.
  if (path === '') {
    const raw = head.rawTarget
    return raw.includes(rules.mark) ? (raw.match(rules.scanner) ?? []) : []
  }
  if (!path.includes(rules.mark) && !query.text.includes(rules.mark)) return []
  const names = new Set(query.pairs.map(([name]) => name))
  return urlCredentials(exchange, names, rules)?.keyTexts ?? []
}

const KEY_IN_URL: SecurityEvent = Object.freeze({
  name: 'sp_credential_in_url',
  level: 'warn',
  control: 'authenticate',
  reason: 'credential_in_url',
})
