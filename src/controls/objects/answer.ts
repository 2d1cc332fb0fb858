import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import { mayRepeatKeys } from '../repeated-key.ts'
import { parseAnswer } from './answer-text.ts'
import type { ParsedAnswer } from './answer-text.ts'
import { judgeSettled } from './ask-owner.ts'
import type { ObjectsConfig } from './config.ts'
import { foreign, UNREADABLE } from './denials.ts'
import { judgeValue } from './judge-value.ts'
import type { Judgement } from './judge-value.ts'
import { countEdits } from './list-counts.ts'
import { isAsking } from './lookups.ts'
import { rewritten } from './rewrite.ts'
import { scanMembers } from './scan-members.ts'
import type { AnswerJudge, SiteOwners } from './site-owners.ts'

/** Judges an answer that was read whole: refuses it, or takes out of it what is not the caller's. */
export function judgeAnswer(
  exchange: Exchange,
  body: Buffer,
  { config, owners }: { readonly config: ObjectsConfig; readonly owners: SiteOwners },
): MaybePromise<Denial | undefined> {
  const judge = owners.judgeOf(exchange.upstream?.status ?? 200)
  if (judge === undefined) return undefined
  const bytes = exchange.replacement ?? body
  if (bytes.length === 0)
    return owners.isObject ? foreign(config, ['an empty answer shows no owner']) : undefined
  const members = judge.members === undefined ? undefined : scanMembers(bytes, judge.members)
  if (members !== undefined)
    return judgeSettled(
      exchange,
      () => scanned(exchange, members, { config, judge }),
      owners.findTypeRead,
    )
  const parsed = parseAnswer(bytes)
  if (parsed === undefined) return UNREADABLE
  const isOwn = owners.binding === 'own'
  const finish = (): Denial | undefined => {
    const judgement = judgeValue(parsed.value, judge.place, exchange)
    if (judgement.isForeign) return foreign(config, judgement.findings)
    return isAsking(exchange) ? undefined : repair(parsed, judgement, { list: judge.list, isOwn })
  }
  return judgeSettled(exchange, finish, owners.findTypeRead)
}

/** The usual case: the members that tell the owner are read off the text, which goes out as it is. */
function scanned(
  exchange: Exchange,
  members: object,
  { config, judge }: { readonly config: ObjectsConfig; readonly judge: AnswerJudge },
): Denial | undefined {
  const failed = judge.place.rules.find(({ rule }) => !rule.condition.holds(exchange, members))
  return failed === undefined ? undefined : foreign(config, [`${failed.rule.name} at /`])
}

function repair(
  { value, text }: ParsedAnswer,
  { removed, visible, findings }: Judgement,
  { list, isOwn }: { readonly list: AnswerJudge['list']; readonly isOwn: boolean },
): Denial | undefined {
  // Also where nothing is left out here: a count of all pages would tell of what stands on the others, unless the API
  // lists only what the caller may see.
  const isTrue = list === undefined || (isOwn && removed.size === 0)
  const replaced = isTrue ? NOTHING : countEdits(value, list, visible)
  // Of members that stand twice only the last was judged: only that may go out.
  const isRepeated = mayRepeatKeys(value, text)
  if (removed.size === 0 && replaced.size === 0 && !isRepeated) return undefined
  const bytes = rewritten(value, text, { removed, replaced })
  if (removed.size > 0)
    return { reason: 'foreign_item', detail: findings.join('; ').slice(0, 1000), repair: bytes }
  const reason = isRepeated ? 'repeated_member' : 'hidden_count'
  const detail = [...replaced.values()].flatMap((members) => [...members.keys()]).join(' ')
  return { reason, detail: detail.slice(0, 1000), repair: bytes }
}

const NOTHING: ReadonlyMap<object, ReadonlyMap<string, unknown>> = new Map()
