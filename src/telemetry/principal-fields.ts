import { inOnePiece } from '../base/one-piece.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { jsonText } from './json-text.ts'
import { redact } from './redact.ts'

type Principal = Exchange['principal']

const MAX_ID_CHARS = 128

/** What every record says of who called: JSON members that begin with a comma; of nobody, nothing. */
export type PrincipalFields = (principal: Principal) => string

/**
 * Makes the writer of `user.id` and `sallyport.credential.*`. What it says of a verified caller is kept with it. A
 * credential that the API alone checks may be a name and a password: what is known of it is a hash without a key, which
 * whoever reads logs could compare with guesses.
 */
export function createPrincipalFields(pseudonym: (id: string) => string): PrincipalFields {
  const owner = {}
  const fieldsOf: PrincipalFields = ({ id, kind, credentialId }) => {
    const credential = kind === 'upstream' ? pseudonym(credentialId) : redact(credentialId)
    return `,"user.id":"${pseudonym(id)}","sallyport.credential.kind":"${kind}","sallyport.credential.id":${jsonText(credential, MAX_ID_CHARS)}`
  }
  return (principal) => {
    const { notes } = principal
    if (principal.kind === 'none') return ''
    if (notes === undefined) return fieldsOf(principal)
    if (notes.logOwner !== owner) {
      notes.logFields = inOnePiece(fieldsOf(principal))
      notes.logOwner = owner
    }
    return notes.logFields
  }
}
