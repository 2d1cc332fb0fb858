import type { Policy } from '../../pipeline/policy.ts'

export interface LeaksConfig {
  readonly names: RegExp
}

/** Names that fields with secrets have, whatever the spelling: `passwordHash`, `api_key`, `reset-token`. */
const SECRET_NAME =
  /pass(?:word|wd|phrase)|pwd|(?:^|[_-])hash(?:ed)?(?:$|[_-])|Hash(?:ed)?$|salt$|secret|(?:api|access|private|session|signing|encryption|refresh)[_-]?key|token|otp|mfa|totp|pin(?:code)?$|cvv|cvc|ssn|credential/i

/** Only where undeclared fields are observed and not dropped: there the worst of them are dropped all the same. */
export function configureLeaks(policy: Policy): LeaksConfig | undefined {
  const { response } = policy.validate
  const observes =
    policy.adopt !== undefined ||
    policy.mode === 'monitor' ||
    policy.modes.get('validate') === 'monitor'
  return response !== 'off' && observes ? { names: SECRET_NAME } : undefined
}
