import type { KongNote } from './kong-file.ts'

/** Collects notes, each once. */
export class Notebook {
  readonly #notes = new Map<string, KongNote>()

  add(line: number, what: string, todo: string): void {
    this.#notes.set(`${line} ${what} ${todo}`, { line, what, todo })
  }

  /** By line. */
  get notes(): readonly KongNote[] {
    return [...this.#notes.values()].toSorted((a, b) => a.line - b.line)
  }
}
