import type { Check, Frame } from './node.ts'
import type { Resource, Resources, Site } from './resources.ts'
import type { Run, Scope } from './run.ts'
import { fail, scopedRun } from './run.ts'

/** How often one validation may enter another resource, and how deep: a schema author's endless recursion. */
const MAX_ENTRIES = 100_000
const MAX_DEPTH = 500

interface Anchored {
  readonly name: string
  readonly frame: Frame
  readonly checks: Map<object, Check>
}

/**
 * `$dynamicRef`: the target depends on the resources entered before (2020-12 Core section 8.2.3.2). Schemas without
 * dynamic anchors pay nothing for it.
 */
export class DynamicScopes {
  readonly #resources: Resources
  readonly #anchored: Anchored[] = []

  constructor(resources: Resources) {
    this.#resources = resources
  }

  /** The scope at the start of a validation. */
  initial(resource: Resource): Scope | undefined {
    if (resource.dynamicAnchors.size === 0) return undefined
    return { resource, parent: undefined, depth: 0, budget: { left: MAX_ENTRIES } }
  }

  /** Wraps a check that begins in a resource which has dynamic anchors. */
  entering(resource: Resource, check: Check): Check {
    if (resource.dynamicAnchors.size === 0) return check
    return (value, run, marks) => {
      if (run.scope?.resource === resource) return check(value, run, marks)
      const entered = enter(run, resource)
      if (entered === undefined) return fail(run, '$dynamicRef', 'is nested without end')
      return check(value, entered, marks)
    }
  }

  /** Compiles a `$dynamicRef`; `fallback` is where it leads as a plain reference. */
  reference(reference: string, target: Site, frame: Frame, fallback: Check): Check {
    const name = reference.slice(reference.indexOf('#') + 1)
    // Without a dynamic anchor of that name in the first place, it is a plain reference.
    if (target.resource.dynamicAnchors.get(name)?.schema !== target.schema) return fallback
    const checks = new Map<object, Check>()
    this.#anchored.push({ name, frame, checks })
    return (value, run, marks) => {
      const check = outermost(run.scope, checks) ?? fallback
      if (run.scope !== undefined && run.scope.budget.left-- <= 0) {
        return fail(run, '$dynamicRef', 'is nested without end')
      }
      return check(value, run, marks)
    }
  }

  /** Compiles every schema that a `$dynamicRef` may turn out to mean. */
  complete(compile: (site: Site, frame: Frame) => Check): void {
    for (const { name, frame, checks } of this.#anchored) {
      for (const resource of this.#resources.withDynamicAnchor(name)) {
        const site = resource.dynamicAnchors.get(name)
        if (site !== undefined && !checks.has(resource)) {
          // In place for the value, but not an endless reference: which one is meant is known only later.
          checks.set(resource, compile(site, { ...frame, inPlace: false }))
        }
      }
    }
  }
}

function enter(run: Run, resource: Resource): Run | undefined {
  const depth = (run.scope?.depth ?? 0) + 1
  const budget = run.scope?.budget ?? { left: MAX_ENTRIES }
  if (depth > MAX_DEPTH || budget.left-- <= 0) return undefined
  return scopedRun(run, { resource, parent: run.scope, depth, budget })
}

function outermost(
  scope: Scope | undefined,
  checks: ReadonlyMap<object, Check>,
): Check | undefined {
  let found: Check | undefined
  for (let at = scope; at !== undefined; at = at.parent) found = checks.get(at.resource) ?? found
  return found
}
