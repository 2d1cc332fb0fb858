import { memo } from '../../base/memo.ts'
import type { RequestHead } from '../../pipeline/exchange.ts'
import { agentKind, sendsFetchMetadata } from './agents.ts'
import type { AgentKind } from './agents.ts'

/** What the head of one request says about the program behind it. */
export interface HeadSignals {
  /** 0 (nothing) to 100 and more (an attack tool). */
  readonly score: number
  readonly names: readonly string[]
}

interface Agent {
  readonly kind: AgentKind
  readonly sendsFetchMetadata: boolean
}

const WEIGHTS = {
  attack_tool: 100,
  http_library: 10,
  no_user_agent: 20,
  no_accept: 10,
  browser_without_language: 30,
  browser_without_encoding: 30,
  browser_without_fetch_metadata: 20,
  browser_field_order: 20,
} as const
type Name = keyof typeof WEIGHTS

const REMEMBERED = { maxEntries: 4096, maxChars: 1024 }
const NOTHING: HeadSignals = Object.freeze({ score: 0, names: [] })

/** Makes the judge of heads. A signal alone says little: real clients differ; together they add up. */
export function headJudge(): (head: RequestHead, isSecure: boolean) => HeadSignals {
  const agentOf = memo(
    (text): Agent => ({ kind: agentKind(text), sendsFetchMetadata: sendsFetchMetadata(text) }),
    REMEMBERED,
  )
  return (head, isSecure) => {
    const agent = agentOf(head.headers.get('user-agent') ?? '')
    switch (agent.kind) {
      case 'attack':
        return ATTACK
      case 'library':
        return head.headers.has('accept') ? LIBRARY : BARE_LIBRARY
      case 'none':
        return head.headers.has('accept') ? SILENT : BARE_SILENT
      case 'other':
        return head.headers.has('accept') ? NOTHING : BARE
      default:
        return browserSignals(head, isSecure && agent.sendsFetchMetadata)
    }
  }
}

function browserSignals(
  { headers, httpVersion }: RequestHead,
  expectsMetadata: boolean,
): HeadSignals {
  const lacksLanguage = !headers.has('accept-language')
  const lacksEncoding = !headers.has('accept-encoding')
  const lacksMetadata = expectsMetadata && !headers.has('sec-fetch-mode')
  const lacksAccept = !headers.has('accept')
  // Every browser writes the host first in HTTP/1.1; libraries that claim to be one often do not.
  const isOdd = !httpVersion.startsWith('2') && headers.nameAt(0) !== 'host'
  if (!lacksLanguage && !lacksEncoding && !lacksMetadata && !lacksAccept && !isOdd) return NOTHING
  return signals([
    ...(lacksLanguage ? (['browser_without_language'] as const) : []),
    ...(lacksEncoding ? (['browser_without_encoding'] as const) : []),
    ...(lacksMetadata ? (['browser_without_fetch_metadata'] as const) : []),
    ...(lacksAccept ? (['no_accept'] as const) : []),
    ...(isOdd ? (['browser_field_order'] as const) : []),
  ])
}

function signals(names: readonly Name[]): HeadSignals {
  const score = names.reduce((sum, name) => sum + WEIGHTS[name], 0)
  return Object.freeze({ score, names })
}

const ATTACK = signals(['attack_tool'])
const LIBRARY = signals(['http_library'])
const BARE_LIBRARY = signals(['http_library', 'no_accept'])
const SILENT = signals(['no_user_agent'])
const BARE_SILENT = signals(['no_user_agent', 'no_accept'])
const BARE = signals(['no_accept'])
