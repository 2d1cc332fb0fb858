import { isIP } from 'node:net'
import { addressKey } from '../base/cidr.ts'
import { ConfigError } from '../base/config-error.ts'
import { json } from './answer.ts'
import type { AdminAnswer } from './answer.ts'
import { readFields } from './request-fields.ts'
import type { AdminTarget } from './target.ts'

/** A call about responses to suspicious callers. */
interface BansCall {
  readonly target: Pick<AdminTarget, 'bans' | 'liftBan' | 'emit'>
  readonly body: unknown
  readonly nowMs: number
}

const LIFT = { subject: 'text' } as const
const MAX_CHARS = 1000

/** `GET /bans`: what is in force, the latest first [MON-03]. */
export async function listBans({ target }: Pick<BansCall, 'target'>): Promise<AdminAnswer> {
  const bans = await target.bans()
  return json(
    bans.map(({ subject, grade, reason, score, sinceMs, untilMs }) => ({
      subject,
      response: grade,
      reason,
      score: Math.round(score),
      since: new Date(sinceMs).toISOString(),
      until: new Date(untilMs).toISOString(),
    })),
  )
}

/** `POST /bans/lift`: `{subject}`, as the list names it; an IPv6 address stands for its /64. Throws `ConfigError`. */
export async function liftBan(call: BansCall): Promise<AdminAnswer> {
  const said = readFields(call.body, LIFT, call.nowMs).get('subject')
  if (typeof said !== 'string' || said === '' || said.length > MAX_CHARS)
    throw new ConfigError({ path: 'subject', message: 'is missing, empty or too long' })
  const subject = isIP(said) === 0 ? said : addressKey(said)
  await call.target.liftBan(subject)
  call.target.emit({
    name: 'sp_response_action',
    level: 'info',
    control: 'admin',
    reason: 'lifted',
    facts: { actor: 'admin-socket', kind: subject.split(':')[0] ?? '' },
  })
  return json({ lifted: subject })
}
