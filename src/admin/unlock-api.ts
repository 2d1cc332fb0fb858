import { isIP } from 'node:net'
import { ConfigError } from '../base/config-error.ts'
import { json } from './answer.ts'
import type { AdminAnswer } from './answer.ts'
import { readFields } from './request-fields.ts'
import type { AdminTarget } from './target.ts'

/** A call that forgets counts. */
interface UnlockCall {
  readonly target: Pick<AdminTarget, 'unlock' | 'emit'>
  readonly body: unknown
  readonly nowMs: number
}

const UNLOCK = { address: 'text', account: 'text', principal: 'text' } as const
const MAX_CHARS = 1000

/** `POST /unlock`: `{address?, account?, principal?}`, at least one [SES-04]. Throws `ConfigError`. */
export async function unlock(call: UnlockCall): Promise<AdminAnswer> {
  const fields = readFields(call.body, UNLOCK, call.nowMs)
  const subject = Object.fromEntries(fields) as Readonly<Record<string, string>>
  if (fields.size === 0)
    throw new ConfigError({
      path: '',
      message: 'nobody is named',
      cure: 'address, account, principal',
    })
  for (const [path, text] of Object.entries(subject))
    if (text === '' || text.length > MAX_CHARS)
      throw new ConfigError({ path, message: 'is empty or too long' })
  const { address } = subject
  if (address !== undefined && isIP(address) === 0)
    throw new ConfigError({ path: 'address', message: 'is no IP address' })
  await call.target.unlock(subject)
  // An account is personal data: the log says what kind of subject it was.
  call.target.emit({
    name: 'authz_admin',
    level: 'info',
    control: 'admin',
    reason: 'unlock',
    facts: { actor: 'admin-socket', unlocked: [...fields.keys()].join(' ') },
  })
  return json({ unlocked: subject })
}
