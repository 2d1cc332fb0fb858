import { andThen } from '../../base/maybe-promise.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'
import { RiskBook } from '../risk-book.ts'
import { noteRisk } from '../risk-note.ts'
import { configureBots } from './config.ts'
import type { BotsConfig } from './config.ts'
import { headJudge } from './signals.ts'
import type { HeadSignals } from './signals.ts'

/** Scores the program behind a request by its header fields [MON-01]. */
export const bots: Control<BotsConfig, Kit> = {
  name: 'bots',
  ids: ['MON-01'],
  stage: 'admit',
  scope: 'gateway',
  block: 'detect',
  adopt: 'observe',
  onFault: 'pass',
  reasons: {
    attack_tool: {
      status: 403,
      problem: 'not_allowed',
      title: 'Not allowed',
      event: 'malicious_attack_tool',
      level: 'critical',
    },
  },
  configure: configureBots,
  compile: (config, _site, kit) => botsGuard(config, kit),
}

/** From here on a head is told of: a browser that is none, or a tool. Honest programs stay far below. */
const TELL_FROM = 50
/** A tool that says what it is. */
const TOOL_FROM = 100

const TOOL: Denial = Object.freeze({ reason: 'attack_tool' })

function botsGuard(config: BotsConfig, kit: Kit): Guard {
  const judge = headJudge()
  const book = new RiskBook(config, kit)
  return {
    onRequest: (exchange) => {
      const found = judge(exchange.head, exchange.isSecure)
      if (found.score === 0) return undefined
      for (const name of found.names) noteRisk(exchange, name, found.score)
      return found.score < TELL_FROM ? undefined : suspicious(exchange, found, { config, book })
    },
  }
}

interface Parts {
  readonly config: BotsConfig
  readonly book: RiskBook
}

function suspicious(
  exchange: Exchange,
  { score, names }: HeadSignals,
  { config, book }: Parts,
): MaybePromise<Denial | undefined> {
  const suspect = book.sourceOf(exchange)
  if (suspect === undefined) return undefined
  const isTool = score >= TOOL_FROM
  const told = book.note(exchange, suspect, {
    name: names[0] ?? 'bot',
    // The same program is as suspicious at its hundredth request as at its first; a little more, so that floods add up.
    weight: isTool ? TOOL_FROM : 5,
    most: config.most,
    event: isTool ? 'malicious_attack_tool' : 'sp_bot',
    level: 'warn',
    detail: names.join(' '),
    control: 'bots',
  })
  const denial = isTool && config.most === 'block' ? TOOL : undefined
  return andThen(told, () => denial)
}
