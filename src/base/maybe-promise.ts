/** A value that is there now, or later where I/O is really needed. Callers stay synchronous until they see a promise. */
export type MaybePromise<T> = T | Promise<T>

/** Whether a value that may be a promise is one. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value
}

/** Goes on with a value: at once when it is there, else when its promise is kept. */
export function andThen<T, R>(
  value: MaybePromise<T>,
  use: (value: T) => MaybePromise<R>,
): MaybePromise<R> {
  if (isPromise(value)) return value.then(use)
  return use(value)
}
