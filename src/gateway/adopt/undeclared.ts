import { Router } from '../../controls/routes/router.ts'
import type { Plan } from '../plan.ts'
import type { Learnt } from './findings-of.ts'

const MAX_SEGMENTS = 10
/** Leading segments that may be another base path than the configured one. */
const MAX_BASE_SEGMENTS = 4
const WORD = /^[a-z][a-z0-9_.~-]{0,39}$/i
const ID_LIKE = /\d{3}|^[\da-f-]{8,}$/i

/** Tells what requests that reach no operation were after. Made once for a plan. */
export class UndeclaredPaths {
  readonly #routers: readonly { readonly api: string; readonly router: Router<string> }[]

  constructor({ apis }: Plan) {
    this.#routers = [...apis].map(([api, { runtime }]) => {
      const router = new Router<string>()
      for (const { method, template } of runtime.model.operations) {
        // A template of variables alone matches every path and would prove nothing.
        if (/\/[^/{}]+(?:\/|$)/.test(template)) router.add(method, template, template)
      }
      return { api, router }
    })
  }

  /** `undefined` for paths that are no use to anybody: too long, or of scanners' making. */
  describe(method: string, path: string): Learnt | undefined {
    const segments = path.split('/').slice(1)
    if (segments.length > MAX_SEGMENTS || !/^[A-Z]{1,16}$/.test(method)) return undefined
    return this.#wrongBase(method, segments) ?? undeclared(method, segments)
  }

  #wrongBase(method: string, segments: readonly string[]): Learnt | undefined {
    const most = Math.min(MAX_BASE_SEGMENTS, segments.length - 1)
    for (let count = 0; count <= most; count++) {
      const base = segments.slice(0, count)
      if (!base.every((segment) => WORD.test(segment))) return undefined
      const rest = `/${segments.slice(count).join('/')}`
      for (const { api, router } of this.#routers) {
        const template = router.match(rest)?.entry.methods.get(method)
        if (template === undefined) continue
        const pointer = `${api} /${base.join('/')}`
        return { kind: 'wrong-base-path', pointer, sample: JSON.stringify({ template }) }
      }
    }
    return undefined
  }
}

function undeclared(method: string, segments: readonly string[]): Learnt {
  const general = segments.map((segment) =>
    segment === '' || (WORD.test(segment) && !ID_LIKE.test(segment)) ? segment : '{id}',
  )
  const path = `/${general.join('/')}`
  return { kind: 'undeclared-operation', pointer: `${method} ${path}`, sample: '{}' }
}
