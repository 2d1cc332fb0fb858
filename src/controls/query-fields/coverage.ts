import type { SourceRef } from '../../openapi/model.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Kit } from '../kit.ts'
import { siteQueries } from './site-queries.ts'
import type { SiteQueries } from './site-queries.ts'
import { readName } from './words.ts'

/** What is known of a parameter that may name fields which somebody may not read. */
export interface QueryCoverage {
  readonly name: string
  /** A sentence on what was recognized. */
  readonly says: string
  /** Whether it is held to what its caller may read. */
  readonly isJudged: boolean
  readonly source: SourceRef
}

/** The parameters of an operation that name fields, or might. Throws `ConfigError` as compiling does. */
export function queryCoverage(site: Site, kit: Kit): readonly QueryCoverage[] {
  const queries = siteQueries(site, kit)
  if (queries === undefined) return []
  return site.operation.parameters
    .filter(({ place }) => place === 'query')
    .flatMap(({ name, source }) => {
      const found = coverageOf(name, queries)
      return found === undefined ? [] : [{ name, source, ...found }]
    })
}

type Found = Pick<QueryCoverage, 'says' | 'isJudged'>

function coverageOf(name: string, queries: SiteQueries): Found | undefined {
  const { fields, declared, enumerated, hidden, isMixed } = queries
  const said = declared.get(name)
  if (said !== undefined)
    return {
      says: said === 'public' ? 'is declared public' : 'names declared fields',
      isJudged: true,
    }
  const { kind, path } = readName(name)
  const isSensitive = hidden !== undefined || isMixed
  const about = isMixed ? ' of a list that holds what is not the caller’s: refused' : ''
  switch (kind) {
    case 'plain':
      return isSensitive && fields.find(path).isKnown
        ? { says: `filters by ${path.join('.')}${about}`, isJudged: true }
        : undefined
    case 'search':
      return isSensitive
        ? { says: 'looks for a text in fields that nobody names', isJudged: false }
        : undefined
    case 'select':
      return isSensitive ? { says: 'chooses fields by its value', isJudged: true } : undefined
    default:
      return fields.isOpen && !enumerated.has(name)
        ? { says: 'names fields of answers that declare none', isJudged: false }
        : { says: `names fields by its value${about}`, isJudged: true }
  }
}
