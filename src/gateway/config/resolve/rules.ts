import { parseUntil } from '../values/text.ts'
import type { Mode } from '../../../pipeline/policy.ts'
import type { RuleInput } from '../input.ts'
import type { ConfigPath } from '../paths.ts'
import type { RuleSelector, RuleSettings } from '../settings.ts'
import { resolveRuleAuthorize } from './authorize.ts'
import { resolveModes, resolveValidate } from './blocks.ts'
import { resolveOperationLimit, resolveRate } from './limits.ts'
import { resolveData } from './data.ts'
import { resolveRuleNetwork } from './network.ts'
import type { Resolver } from './resolver.ts'
import { isOff, toList, toMode } from './resolver.ts'

function resolveSelector(input: RuleInput, at: ConfigPath, resolver: Resolver): RuleSelector {
  const select: RuleSelector = {
    api: input.api,
    operations: [...toList(input.operation), ...toList(input.operations)],
    paths: [...toList(input.path), ...toList(input.paths)],
    tags: [...toList(input.tag), ...toList(input.tags)],
    methods: [...toList(input.method), ...toList(input.methods)].map((m) => m.toUpperCase()),
  }
  const { api, operations, paths, tags, methods } = select
  const isEmpty = [operations, paths, tags, methods].every((list) => list.length === 0)
  if (api === undefined && isEmpty) {
    const cure =
      'name an operation, a path, a tag or a method; what holds for all belongs to the top'
    resolver.report.fault(at, 'selects nothing', cure)
  }
  return select
}

function resolveRelax(input: RuleInput, at: ConfigPath, resolver: Resolver): RuleSettings['relax'] {
  const { report } = resolver
  if (input.relax === undefined) {
    if (input.until !== undefined) {
      report.fault([...at, 'until'], 'until belongs to relax', 'write relax: { BLOCK: monitor }')
    }
    return undefined
  }
  if (input.why === undefined) report.fault([...at, 'relax'], 'relax needs why', 'add why: REASON')
  if (input.until === undefined) {
    report.fault([...at, 'relax'], 'relax needs until', 'add until: DATE, when it ends by itself')
  }
  const modes = Object.entries(input.relax).map(([block, mode]): [string, Mode] => [
    block,
    isOff(mode) ? 'off' : mode,
  ])
  if (modes.length === 0) report.fault([...at, 'relax'], 'relaxes nothing', 'name a block')
  const untilMs = input.until === undefined ? 0 : parseUntil(input.until, '')
  return { modes: new Map(modes), why: input.why ?? '', untilMs }
}

function resolveRuleLimits(
  input: RuleInput['limits'],
  at: ConfigPath,
  resolver: Resolver,
): RuleSettings['limits'] {
  const { principal, operation, priority, sensitivity } = input ?? {}
  return {
    ...(principal !== undefined && { principal: resolveRate(principal) }),
    ...(priority !== undefined && { priority }),
    ...(sensitivity !== undefined && { sensitivity }),
    ...(operation !== undefined && {
      operation: resolveOperationLimit(operation, [...at, 'limits', 'operation'], resolver),
    }),
  }
}

/** Whether a rule says anything besides what it selects. */
function hasEffect(rule: RuleSettings): boolean {
  const blocks = [rule.authorize, rule.validate, rule.data, rule.limits, rule.network]
  if (blocks.some((block) => Object.keys(block).length > 0)) return true
  return rule.mode !== undefined || rule.modes.size > 0 || rule.relax !== undefined
}

/** The rules, in the order of the file. */
export function resolveRules(
  input: readonly RuleInput[],
  resolver: Resolver,
): readonly RuleSettings[] {
  return input.map((rule, index) => {
    const at = ['rules', index]
    const settings: RuleSettings = {
      index,
      select: resolveSelector(rule, at, resolver),
      mode: toMode(rule.mode),
      modes: resolveModes(rule),
      authorize: resolveRuleAuthorize(rule.authorize ?? {}, [...at, 'authorize'], resolver),
      validate: resolveValidate(rule.validate ?? {}),
      data: resolveData(rule.data ?? {}, [...at, 'data']),
      limits: resolveRuleLimits(rule.limits, at, resolver),
      network: resolveRuleNetwork(rule.network ?? {}, [...at, 'network'], resolver),
      relax: resolveRelax(rule, at, resolver),
      why: rule.why,
    }
    if (!hasEffect(settings)) {
      resolver.report.fault(
        at,
        'changes nothing',
        'write authorize, validate, data, limits, network, mode or relax',
      )
    }
    return settings
  })
}
