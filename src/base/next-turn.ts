/** Lets everything else that is waiting have its turn: for long work that is done in slices. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
