import { canonicalQuery } from '../../http/query.ts'
import { canonicalTarget } from '../../http/target.ts'
import { urlCredentialRules, urlCredentials } from '../../identity/url-credentials.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Kit } from '../kit.ts'

/**
 * Finds what may be a credential in a request that came in clear: in the usual fields, those that the documents
 * declare, and the URL.
 * @returns the texts that may hold keys, or `undefined` where nothing is shown.
 */
export function credentialFinder(kit: Kit): (exchange: Exchange) => readonly string[] | undefined {
  const schemes = [...kit.apis.values()].flatMap(({ model }) => [...model.securitySchemes.values()])
  const namesOf = (place: 'header' | 'query'): string[] =>
    schemes.flatMap((scheme) =>
      scheme.place === place && scheme.parameterName !== undefined ? [scheme.parameterName] : [],
    )
  const fields = new Set(['authorization', 'cookie', 'x-api-key'])
  for (const name of namesOf('header')) fields.add(name.toLowerCase())
  const keyNames = new Set(namesOf('query'))
  const parameters = kit.sites.flatMap(({ operation }) => operation.parameters)
  const harmless = new Set(
    parameters.flatMap(({ place, name }) =>
      place === 'query' && !keyNames.has(name) ? [name] : [],
    ),
  )
  const rules = urlCredentialRules(kit.keys.format.prefix)
  return ({ head }) => {
    const texts = [...fields].flatMap((name) => head.headers.all(name))
    const target = canonicalTarget(head.rawTarget, { allowMatrix: true })
    const query = 'fault' in target ? target : canonicalQuery(target.query)
    // A target that cannot be read is not sent back in a redirect; its keys are looked for all the same.
    if ('fault' in target || 'fault' in query)
      texts.push(...(head.rawTarget.match(rules.scanner) ?? []))
    else {
      const inUrl = urlCredentials({ path: target.path, query }, harmless, rules)
      const isDeclaredKey = query.pairs.some(([name]) => keyNames.has(name))
      if (inUrl !== undefined || isDeclaredKey)
        texts.push(...(inUrl?.keyTexts ?? []), head.rawTarget)
    }
    return texts.length === 0 ? undefined : texts
  }
}
