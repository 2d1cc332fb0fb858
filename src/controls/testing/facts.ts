import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Kit } from '../kit.ts'

/** A kit whose conditions ask `answer` whether any relation holds; a throw is a store that does not answer. */
export function kitAsking(kit: Kit, answer: () => MaybePromise<boolean | undefined>): Kit {
  return {
    ...kit,
    facts: () => ({
      relation: answer,
      lookupNames: [],
      lookup: () => () => undefined,
    }),
  }
}

/** Every way in which a relation may be told, or not, and the reason that follows where it is asked for alone. */
export const TOLD: readonly [
  name: string,
  answer: () => MaybePromise<boolean | undefined>,
  isUnknown: boolean,
  holds: boolean,
][] = [
  ['holds', () => true, false, true],
  ['holds, as is told later', () => Promise.resolve(true), false, true],
  ['does not hold', () => false, false, false],
  ['does not hold, as is told later', () => Promise.resolve(false), false, false],
  ['nobody can tell', () => undefined, false, false],
  [
    'is asked of a store that is away',
    () => {
      throw new Error('away')
    },
    true,
    false,
  ],
  ['is asked of a server that is away', () => Promise.reject(new Error('away')), true, false],
]
