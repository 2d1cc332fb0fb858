/** Role sets that are remembered; a token names roles, so their number is not ours. */
const MAX_SETS = 256

/** What was made, so that nothing made is told from not made. */
interface Made<View> {
  readonly view: View
}

/** What holds for callers with certain roles: made once for each set of those that matter, then looked up. */
export class RoleViews<View> {
  readonly #names: ReadonlySet<string>
  readonly #make: (roles: readonly string[]) => View
  readonly #byList = new WeakMap<readonly string[], Made<View>>()
  readonly #bySet = new Map<string, Made<View>>()

  /** @param names the roles that make a difference. */
  constructor(names: Iterable<string>, make: (roles: readonly string[]) => View) {
    this.#names = new Set(names)
    this.#make = make
  }

  /** The same list of roles is looked up without being read: callers are remembered with theirs. */
  of(roles: readonly string[]): View {
    const known = this.#byList.get(roles)
    if (known !== undefined) return known.view
    const made = this.#find(roles)
    this.#byList.set(roles, made)
    return made.view
  }

  #find(roles: readonly string[]): Made<View> {
    const own = [...new Set(roles.filter((role) => this.#names.has(role)))].toSorted()
    const key = JSON.stringify(own)
    const known = this.#bySet.get(key)
    if (known !== undefined) return known
    const made = { view: this.#make(own) }
    if (this.#bySet.size >= MAX_SETS) this.#bySet.clear()
    this.#bySet.set(key, made)
    return made
  }
}
