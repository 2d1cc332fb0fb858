import type { Ask, Got } from '../../kit/ask.ts'

/** What a check has: an API, behind a gateway or not, and an address of its own to come from. */
export interface World {
  ask(plan: Ask): Promise<Got>
  /** Where the API itself listens. */
  readonly apiPort: number
  /** `Authorization` of somebody who logged in as a client does. */
  as(name: string): Promise<{ readonly authorization: string }>
}

/** Something that somebody tries. */
export interface Check {
  /** Stable, in words with dashes. */
  readonly name: string
  /** What is gained, one line. */
  readonly gains: string
  /** Whether it worked. Never throws for an answer that it did not want. */
  readonly works: (world: World) => Promise<boolean>
}

/** Whether an answer is a success and fits. */
export function shows(got: Got, pattern: RegExp): boolean {
  return got.status < 300 && pattern.test(got.text)
}

/** Whether an answer is a success. */
export function isDone({ status }: Got): boolean {
  return status < 300
}

/** A member of a JSON answer; `undefined` where it is none. */
export function memberOf({ text }: Got, name: string): unknown {
  try {
    return (JSON.parse(text) as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}
