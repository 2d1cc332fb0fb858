import { modeOf } from '../../pipeline/control.ts'
import type { Policy } from '../../pipeline/policy.ts'

export interface LeaksConfig {
  /** Whether a name is one that fields with secrets have. */
  readonly isSecret: (name: string) => boolean
}

/** Whole words for what also stands inside harmless ones (`footprint`, `className`). Names come with dashes between words. */
const SECRET_NAME =
  /pass(?:word|wd|phrase)|secret(?!ar)|token(?!iz)|credential|(?:^|[_-])(?:pwd|hash(?:ed)?|salt|otp|totp|mfa|cvv|cvc|ssn|pin(?:[_-]?code)?)(?:$|[_-])|(?:api|access|private|session|signing|encryption|refresh)[_-]?key/i

/** Tokens that are places in a list, or kinds of tokens. */
const HARMLESS_TOKEN =
  /^(?:next|prev(?:ious)?|page|sync|continuation|cursor|[_-])*token$|token[_-]?(?:type|count|limit)$/i

/**
 * Names that fields with secrets have, whatever the spelling: `passwordHash`, `api_key`, `reset-token`.
 * Not `nextPageToken`, which tells where a list goes on.
 */
export function isSecretName(name: string): boolean {
  const dashed = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
  return SECRET_NAME.test(dashed) && !isPageToken(dashed)
}

function isPageToken(dashed: string): boolean {
  return HARMLESS_TOKEN.test(dashed) && !/^[_-]*token$/i.test(dashed)
}

/** How `responses` is governed, without its code. */
const RESPONSES = { name: 'responses', block: 'validate', adopt: 'observe' } as const

/** Only where undeclared fields are observed and not dropped: there the worst of them are dropped all the same. */
export function configureLeaks(policy: Policy): LeaksConfig | undefined {
  const { response } = policy.validate
  return response !== 'off' && modeOf(RESPONSES, policy) === 'monitor'
    ? { isSecret: isSecretName }
    : undefined
}
