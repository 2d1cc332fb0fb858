import { andThen, isPromise } from '../../base/maybe-promise.ts'
import type { Control, Guard } from '../../pipeline/control.ts'
import type { Grade } from '../../pipeline/detect-policy.ts'
import type { Site } from '../../pipeline/site.ts'
import type { Unusual } from '../../store/sketches/baseline-table.ts'
import type { Detection } from '../detection.ts'
import type { Kit } from '../kit.ts'
import { RiskBook } from '../risk-book.ts'
import type { RiskSignal } from '../risk-book.ts'
import { configureBehaviour } from './config.ts'
import { watchOf } from './watch.ts'
import type { Watch } from './watch.ts'

/** Watches how much, and how many different things, callers ask for [MON-02]. */
export const behaviour: Control<Detection, Kit> = {
  name: 'behaviour',
  ids: ['MON-02', 'AZN-04'],
  stage: 'limit',
  scope: 'operation',
  block: 'detect',
  adopt: 'observe',
  onFault: 'pass',
  reasons: {},
  configure: configureBehaviour,
  compile: (detection, site, kit) =>
    site === undefined ? undefined : behaviourGuard(detection, site, kit),
}

function behaviourGuard(detection: Detection, site: Site, kit: Kit): Guard {
  const groups = new Set(kit.sites.map(groupOf)).size
  const watch = watchOf(detection.policy, kit, groups)
  const parts = { site, kit, watch, book: new RiskBook(detection, kit) }
  return { ...walkHook(detection, parts), ...volumeHook(detection, parts) }
}

interface Parts {
  readonly site: Site
  readonly kit: Kit
  readonly watch: Watch
  readonly book: RiskBook
}

/** Every further id beyond the threshold brings the block nearer. */
const WALK_WEIGHT = 15

function walkHook({ policy }: Detection, { site, kit, book, watch: { walk } }: Parts): Guard {
  const { enumeration } = policy
  if (enumeration === undefined || walk === undefined) return {}
  const hashOf = walk.hasherOf(site)
  if (hashOf === undefined) return {}
  const signal = signalOf({
    name: 'many_ids',
    weight: WALK_WEIGHT,
    most: enumeration.most,
    event: 'sp_enumeration',
    detail: `more than ${enumeration.fast.count} or ${enumeration.slow.count} different ids`,
  })
  return {
    onRequest: (exchange) => {
      const suspect = book.suspectOf(exchange)
      const hash = hashOf(exchange)
      if (suspect === undefined || hash === undefined) return undefined
      const over = walk.note(suspect, hash, kit.clock.nowMs())
      if (over === false) return undefined
      return andThen(over, (isOver) =>
        isOver ? andThen(book.note(exchange, suspect, signal), () => undefined) : undefined,
      )
    },
  }
}

function volumeHook({ policy }: Detection, { site, kit, book, watch }: Parts): Guard {
  const { volume } = policy
  const table = watch.baselines(groupOf(site))
  if (volume === undefined || table === undefined) return {}
  return {
    onEnd: (exchange) => {
      const suspect = book.suspectOf(exchange)
      if (suspect === undefined) return
      const unusual = table.add(suspect.id, exchange.bytesOut, kit.clock.nowMs())
      if (unusual === undefined) return
      const done = book.note(exchange, suspect, volumeSignal(unusual, volume.most))
      // The answer is out; where the counters are away there is nobody left to tell.
      if (isPromise(done)) done.catch(() => undefined)
    },
  }
}

function volumeSignal({ of, times }: Unusual, most: Grade): RiskSignal {
  const detail = `${Math.round(times)} times the usual ${of} in ten minutes`
  if (of === 'bytes')
    return signalOf({ name: 'volume', weight: 100, most, event: 'sp_exfil_suspected', detail })
  return signalOf({ name: 'rate', weight: 40, most, event: 'sp_anomaly', detail })
}

function signalOf(
  parts: Pick<RiskSignal, 'name' | 'weight' | 'most' | 'event' | 'detail'>,
): RiskSignal {
  return { ...parts, level: 'critical', control: 'behaviour' }
}

/** What is usual is learnt per group: the first tag, else the first part of the path. */
function groupOf({ operation, publicBase }: Site): string {
  return operation.tags[0] ?? `${publicBase}/${operation.template.split('/')[1] ?? ''}`
}
