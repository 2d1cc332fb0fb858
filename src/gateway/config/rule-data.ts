import type { Policy } from '../../pipeline/policy.ts'
import type { RuleSettings } from './settings.ts'

type Data = Policy['data']
type Tokens = Data['tokenize']

const MERGED = new WeakMap<Tokens, WeakMap<RuleSettings, Tokens>>()

/**
 * The block with what a rule says laid over it. Rules of tokens are laid over one by one: a field that the rule does not
 * name stays a token. The same rule over the same block gives the same map, so that what is made of it is made once.
 */
export function mergedData(block: Data, rule: RuleSettings): Data {
  const { tokenize, ...rest } = rule.data
  if (tokenize === undefined) return { ...block, ...rest }
  const known = MERGED.get(block.tokenize) ?? new WeakMap<RuleSettings, Tokens>()
  MERGED.set(block.tokenize, known)
  const merged = known.get(rule) ?? new Map([...block.tokenize, ...tokenize])
  known.set(rule, merged)
  return { ...block, ...rest, tokenize: merged }
}
