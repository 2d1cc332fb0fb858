import type { CanonicalQuery } from '../http/query.ts'
import type { DecodedParameters } from '../openapi/decode/contract.ts'
import type { Site } from './site.ts'

/** The operations on a path by method, and the raw values of its template's parameters in order. */
export interface TargetRoute {
  readonly methods: ReadonlyMap<string, Site>
  readonly values: readonly string[]
}

/**
 * What guards found of a request target that came before, so that they need not find it again. Each note is a pure
 * function of the target's characters and of the plan whose `target` guard keeps it: no caller, no header field and no
 * body may have a part in it. All requests for the target share it, so nothing it leads to is ever changed.
 */
export class TargetNotes {
  /** `target`: the one spelling. */
  readonly path: string
  readonly query: CanonicalQuery
  /** `routes` */
  route: TargetRoute | undefined = undefined
  /** `parameters`: the values for this operation, where nothing but the target has a part in them. */
  parameters: DecodedParameters | undefined = undefined
  parametersSite: Site | undefined = undefined
  /** `authenticate`: beside these declared names nothing in path and query looks like a credential. */
  cleanBeside: ReadonlySet<string> | undefined = undefined
  /** `url-fields`: no value of `parameters` leads inside. */
  harmless: DecodedParameters | undefined = undefined
  /** Gateway: what an API gets in its place, and which: methods of one path may lead to several. */
  upstreamPath = ''
  upstreamApi: object | undefined = undefined

  constructor(path: string, query: CanonicalQuery) {
    this.path = path
    this.query = query
  }
}
