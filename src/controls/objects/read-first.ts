import type { Denial } from '../../pipeline/denial.ts'
import type { Exchange, ObjectAnswer } from '../../pipeline/exchange.ts'
import { mayRepeatKeys } from '../repeated-key.ts'
import { parseAnswer } from './answer-text.ts'
import { judgeSettled } from './ask-owner.ts'
import type { FindTypeRead } from './ask-owner.ts'
import type { ObjectsConfig } from './config.ts'
import { foreign, MISSING, ownerUnknown } from './denials.ts'
import { judgeValue } from './judge-value.ts'
import type { PreRead } from './pre-reads.ts'

/** Reads the objects that an operation is about, from the outermost; refuses at the first that is not the caller's. */
export async function ownsAll(
  exchange: Exchange,
  reads: readonly PreRead[],
  { config, find }: { readonly config: ObjectsConfig; readonly find: FindTypeRead },
): Promise<Denial | undefined> {
  for (const read of reads) {
    // One after the other: the second need not be asked where the first is another's.
    // oxlint-disable-next-line no-await-in-loop
    const answer = await exchange.readObject(read.read, objectPath(exchange, read))
    const judge = () => judgeRead(exchange, answer, { read, config })
    // oxlint-disable-next-line no-await-in-loop
    const denial = await judgeSettled(exchange, judge, find)
    if (denial !== undefined) return denial
  }
  return undefined
}

/** The first segments of the request's path, in the canonical form in which it was judged. */
function objectPath({ path }: Exchange, { read, segments }: PreRead): string {
  const base = read.publicBase
  const parts = path.slice(base.length).split('/')
  return base + parts.slice(0, segments + 1).join('/')
}

function judgeRead(
  exchange: Exchange,
  answer: ObjectAnswer | undefined,
  { read, config }: { readonly read: PreRead; readonly config: ObjectsConfig },
): Denial | undefined {
  if (answer === undefined || answer.status >= 500 || answer.status === 429) return ownerUnknown()
  if (answer.status >= 400) return MISSING
  if (answer.status < 200 || answer.status >= 300)
    return foreign(config, [`${read.read.label} answered ${answer.status}`])
  const parsed = parseAnswer(answer.body)
  if (parsed === undefined || mayRepeatKeys(parsed.value, parsed.text))
    return foreign(config, [`${read.read.label} shows no owner`])
  const { isForeign, findings } = judgeValue(parsed.value, read.place, exchange)
  return isForeign ? foreign(config, findings) : undefined
}
