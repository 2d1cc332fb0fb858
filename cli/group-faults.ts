import type { ConfigFault } from '../src/base/config-error.ts'

/** A fault, and how many others say the same of other operations. */
export interface FaultGroup {
  readonly first: ConfigFault
  readonly others: number
}

/** As many alike are shown once each. */
const FEW = 2

/** Faults that differ only in the operation and its place, told once; the order is kept. */
export function groupFaults(faults: readonly ConfigFault[]): readonly FaultGroup[] {
  const groups = Map.groupBy(faults, ({ message, cure }) =>
    JSON.stringify([general(message), cure]),
  )
  return [...groups.values()].flatMap((alike): readonly FaultGroup[] => {
    const [first] = alike
    const isMany =
      first !== undefined && alike.length > FEW && first.message !== general(first.message)
    return isMany
      ? [{ first, others: alike.length - 1 }]
      : alike.map((one) => ({ first: one, others: 0 }))
  })
}

/** A message without the names of operations, such as `GET /orders/{id}`. */
function general(message: string): string {
  return message.replaceAll(/\b[A-Z]{3,10} \/[^\s:,]*/g, '*')
}
