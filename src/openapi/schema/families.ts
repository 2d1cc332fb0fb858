import { isObject } from './equal.ts'
import type { Resources, Site, Step } from './resources.ts'
import { steps } from './steps.ts'

interface Visit {
  readonly site: Site
  readonly number: number
  /** Lowest number of a schema that it leads to and that has no family yet. */
  low: number
  readonly steps: readonly Step[]
  next: number
}

/**
 * The schemas that apply to the value of `site`, directly or by way of others, in families: those of one lead to one
 * another, as a base with a discriminator does with all that extend it. A family comes after all that it leads to.
 * What `isKnown` is left out, with what only it leads to. Linear, and without recursion of our own.
 * @see Tarjan, "Depth-first search and linear graph algorithms", 1972
 */
export function familiesOf(
  resources: Resources,
  site: Site,
  isKnown: (schema: object) => boolean,
): readonly (readonly Site[])[] {
  const families: Site[][] = []
  const visits = new Map<object, Visit>()
  const open: Visit[] = []
  const path: Visit[] = []
  const enter = (at: Site, schema: object): void => {
    const found = steps(resources, at, resources.keywords(at))
    const visit: Visit = { site: at, number: visits.size, low: visits.size, steps: found, next: 0 }
    visits.set(schema, visit)
    open.push(visit)
    path.push(visit)
  }
  if (isObject(site.schema)) enter(site, site.schema)
  const closed = new Set<Visit>()
  for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
    const step = visit.steps[visit.next++]
    if (step === undefined) {
      path.pop()
      const before = path.at(-1)
      if (before !== undefined) before.low = Math.min(before.low, visit.low)
      if (visit.low === visit.number) families.push(close(visit, open, closed))
      continue
    }
    const { schema } = step.site
    if (!isObject(schema) || isKnown(schema)) continue
    const known = visits.get(schema)
    if (known === undefined) enter(step.site, schema)
    else if (!closed.has(known)) visit.low = Math.min(visit.low, known.number)
  }
  return families
}

/** Takes a family, of which `first` was met first, from those that are open. */
function close(first: Visit, open: Visit[], closed: Set<Visit>): Site[] {
  const members = open.splice(open.lastIndexOf(first))
  for (const member of members) closed.add(member)
  return members.map(({ site }) => site)
}
