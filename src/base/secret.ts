import { inspect } from 'node:util'

/** A value that must not be printed: every way to a string shows `[secret]`. */
export class Secret<T = string> {
  static {
    // Not written as a computed member: isolated declarations cannot name it.
    Object.defineProperty(Secret.prototype, inspect.custom, { value: () => '[secret]' })
  }

  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  /** The value itself; call it only where it is used. */
  reveal(): T {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }
}
