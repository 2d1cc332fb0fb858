/**
 * Something that a decision needs is away, and without it nobody is let through: the answer is 503, now and until it is
 * back (CONTROLS 3.3). Whoever finds it away says so once; this error is for each request that meets it.
 */
export class UnavailableError extends Error {
  override readonly name: string = 'UnavailableError'
}
