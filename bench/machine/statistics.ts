/** The middle value; of an even count the upper one. `NaN` for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

/** The value below which `share` (0 to 1) of all values lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

/** `median (least-most)`. */
export function spread(values: readonly number[], digits = 1): string {
  if (values.length === 0) return '-'
  const least = Math.min(...values).toFixed(digits)
  const most = Math.max(...values).toFixed(digits)
  return `${median(values).toFixed(digits)} (${least}-${most})`
}

/** Prints a table as Markdown. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`| ${head.join(' | ')} |`)
  console.log(`|${head.map(() => '---|').join('')}`)
  for (const row of rows) console.log(`| ${row.join(' | ')} |`)
}
