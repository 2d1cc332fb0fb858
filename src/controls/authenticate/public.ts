import type { Guard } from '../../pipeline/control.ts'
import { keyInUrlBurner } from '../key-in-url.ts'
import type { Kit } from '../kit.ts'

/** What is left to do where nobody is asked who they are: a key of ours in the URL is burnt here too [KEY-02]. */
export function publicGuard(kit: Kit): Guard {
  const burn = keyInUrlBurner(kit)
  return {
    onRequest: (exchange) => {
      burn(exchange)
      return undefined
    },
  }
}
