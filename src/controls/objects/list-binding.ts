import { ConfigError } from '../../base/config-error.ts'
import type { Site } from '../../pipeline/site.ts'
import { OWN } from '../../pipeline/query-rule.ts'
import { operationCondition } from '../access/operation-access.ts'
import type { Kit } from '../kit.ts'

/**
 * How a list that is filtered by owner stands to its caller. `own`: the API itself lists only what the caller may see, as
 * somebody has said. `tied`: a rule ties the request to the caller, or to an object of theirs. `mixed`: the API lists what is
 * everybody's, and what is left out could show in how the rest is sorted, filtered and cut into pages.
 */
export type ListBinding = 'own' | 'tied' | 'mixed'

const LIST_MARK = 'x-sallyport-list'

/** Says how the list of an operation stands to its caller. Throws `ConfigError` for a mark that says nothing. */
export function listBinding(site: Site, kit: Kit, preReads: number): ListBinding {
  const { operation, policy } = site
  const mark = operation.extensions.get(LIST_MARK)
  if (mark !== undefined && mark !== OWN) {
    const path = `${operation.source.file}#${operation.source.pointer}/${LIST_MARK}`
    throw new ConfigError({ path, message: 'does not say whose the list is', cure: 'write own' })
  }
  if (mark === OWN || policy.authorize.queries?.get(operation.id)?.isOwn === true) return 'own'
  if (preReads > 0) return 'tied'
  const condition = operationCondition(site, kit)
  const isTied = condition?.roots.has('subject') === true && condition.needs !== 'response'
  return isTied ? 'tied' : 'mixed'
}

const PAGING =
  /^\$?(?:limit|offset|page|page\[.*\]|per_?page|page_?(?:size|number|no|index|token)|size|skip|top|take|max_?results|cursor|(?:next|continuation)_?token|after|before|start(?:ing)?(?:_?(?:at|after|index))?|ending_?before|marker|first|last)$/i

/** Whether the caller says which part of a list it wants. */
export function isPagedRequest({ operation }: Pick<Site, 'operation'>): boolean {
  return operation.parameters.some(({ place, name }) => place === 'query' && PAGING.test(name))
}
