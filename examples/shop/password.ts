import { createHash } from 'node:crypto'

/** Hash as stored in `passwordHash`. HOLE `password-hash`: MD5 without salt, and it is sent out. */
export function hashPassword(password: string): string {
  return createHash('md5').update(password).digest('hex')
}
