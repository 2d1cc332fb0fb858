import type {
  RelationChange,
  RelationFilter,
  RelationLook,
  RelationRecords,
  RelationTuple,
} from './relation.ts'

/** Tuples that live as long as the process. Everything is synchronous. */
export class MemoryRelations implements RelationRecords {
  /** Tenant, object and relation -> subject -> tuple. */
  readonly #sets = new Map<string, Map<string, RelationTuple>>()
  #changes = 0

  write({ add = [], remove = [] }: RelationChange): { added: number; removed: number } {
    this.#changes++
    let removed = 0
    for (const tuple of remove) {
      const set = this.#sets.get(keyOf(tuple))
      if (set?.delete(tuple.subject) !== true) continue
      removed++
      if (set.size === 0) this.#sets.delete(keyOf(tuple))
    }
    let added = 0
    for (const tuple of add) {
      const set = this.#sets.get(keyOf(tuple)) ?? new Map<string, RelationTuple>()
      this.#sets.set(keyOf(tuple), set)
      if (!set.has(tuple.subject)) added++
      set.set(tuple.subject, tuple)
    }
    return { added, removed }
  }

  look(questions: readonly RelationTuple[], maxSets: number): readonly RelationLook[] {
    return questions.map((question) => {
      const set = this.#sets.get(keyOf(question))
      if (set?.has(question.subject) === true) return { isDirect: true, sets: [] }
      const subjects = [...(set?.keys() ?? [])].filter((subject) => subject.includes('#'))
      return { isDirect: false, sets: subjects.toSorted().slice(0, maxSets) }
    })
  }

  list({ limit, after, ...wanted }: RelationFilter): readonly RelationTuple[] {
    const fields = ['tenant', 'object', 'relation', 'subject'] as const
    return [...this.#sets.values()]
      .flatMap((set) => [...set.values()])
      .filter((tuple) => fields.every((name) => (wanted[name] ?? tuple[name]) === tuple[name]))
      .filter((tuple) => after === undefined || compare(tuple, after) > 0)
      .toSorted(compare)
      .slice(0, limit)
  }

  changeToken(): number {
    return this.#changes
  }
}

function keyOf({ tenant, object, relation }: RelationTuple): string {
  return JSON.stringify([tenant, object, relation])
}

/** As SQLite compares texts: byte by byte in UTF-8. */
function compare(a: RelationTuple, b: RelationTuple): number {
  for (const name of ['tenant', 'object', 'relation', 'subject'] as const) {
    const order = Buffer.compare(Buffer.from(a[name]), Buffer.from(b[name]))
    if (order !== 0) return order
  }
  return 0
}
