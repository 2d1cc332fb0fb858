import type { Exchange } from '../pipeline/exchange.ts'
import { jsonText } from './json-text.ts'
import { redact } from './redact.ts'

const MAX_CREDENTIAL_CHARS = 128

/**
 * Who called, as members of a record, with a comma before them. A credential that the API alone checks may be a name and
 * a password: what is known of it is a hash without a key, which whoever reads logs could compare with guesses.
 */
export function principalFields(
  { id, kind, credentialId }: Exchange['principal'],
  pseudonym: (id: string) => string,
): string {
  const credential = kind === 'upstream' ? pseudonym(credentialId) : redact(credentialId)
  return `,"user.id":"${pseudonym(id)}","sallyport.credential.kind":"${kind}","sallyport.credential.id":${jsonText(credential, MAX_CREDENTIAL_CHARS)}`
}
