import { ConfigError } from '../../base/config-error.ts'
import type { Exchange } from '../exchange.ts'
import { compileBool } from './direct.ts'
import { factCalls } from './fact-calls.ts'
import { inspectNames } from './inspect-names.ts'
import type { Names } from './inspect-names.ts'
import { checkTypes } from './interpret.ts'
import { NEEDS } from './scope.ts'
import type { ConditionScope, Need, Root } from './scope.ts'
import { parseCondition } from './syntax.ts'

/** A rule of a policy, ready to be judged. */
export interface Condition {
  /** As it was written. */
  readonly text: string
  /** Where it was written, such as `authorize.operations.getUser`. */
  readonly at: string
  /** The earliest moment when it can be judged; nothing later is looked at. */
  readonly needs: Need
  /** What it names, such as `subject.id`. */
  readonly reads: ReadonlySet<string>
  /** First words of what it names. */
  readonly roots: ReadonlySet<Root>
  /** It asks for relations or look-ups: judge it by `judgedWithFacts`, what is not known yet does not hold. */
  readonly asksFacts: boolean
  /**
   * Whether it holds. A value that is absent, null, of another type than declared or not exact makes it fail, whatever
   * stands around it, unless another part decides alone (`true || …`). Never throws.
   * @param response the object in the response that it is about, where it needs one.
   */
  holds(exchange: Exchange, response?: unknown): boolean
  /** As `holds`; `undefined` where a value is missing or an evaluation failed. */
  judge(exchange: Exchange, response?: unknown): boolean | undefined
}

/**
 * Compiles a condition written in CEL against what an operation declares. Common shapes become direct checks; the rest
 * runs in the interpreter, bounded. Regular expressions are literals and run in a linear engine.
 * @param at its place in the configuration.
 * @throws ConfigError for syntax, unknown names, types that do not fit, and what could not be bounded.
 */
export function compileCondition(text: string, scope: ConditionScope, at: string): Condition {
  const node = parseCondition(text, at)
  const names = inspectNames(node, scope, at)
  const { tenantClaim } = scope
  const calls = factCalls(node, scope.facts, { at, tenantClaim })
  const compiling = { names, text, at, tenantClaim, calls }
  const type = checkTypes(node, compiling)
  if (type !== 'bool') {
    const message = `${JSON.stringify(text.slice(0, 80))} is a ${type}, neither true nor false`
    throw new ConfigError({ path: at, message, cure: 'compare it with something' })
  }
  const judge = compileBool(node, compiling)
  const guarded = (exchange: Exchange, response?: unknown): boolean | undefined => {
    try {
      return judge(exchange, response)
    } catch {
      // Whatever went wrong, nothing holds because of it.
      return undefined
    }
  }
  return {
    text,
    at,
    ...factsOf(names),
    asksFacts: calls !== undefined,
    judge: guarded,
    holds: (exchange, response) => guarded(exchange, response) === true,
  }
}

function factsOf(names: Names): Pick<Condition, 'needs' | 'reads' | 'roots'> {
  const references = [...names.values()]
  const latest = Math.max(0, ...references.map(({ needs }) => NEEDS.indexOf(needs)))
  return {
    needs: NEEDS[latest] ?? 'response',
    reads: new Set(references.map(({ root, steps }) => [root, ...steps].join('.'))),
    roots: new Set(references.map(({ root }) => root)),
  }
}
