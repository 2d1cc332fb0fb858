import type { Pattern } from './pattern.ts'

/** What the schemas of one place say of objects or arrays standing there. */
export type Stance = 'accept' | 'refuse' | 'silent'

/** A member that some schema describes. */
export interface Member {
  /** `undefined`: nothing is said about what is inside, so it stays as it is. */
  readonly place: Place | undefined
  /** `writeOnly`: never leaves. */
  readonly isHidden: boolean
}

/** One schema's say about the properties of an object. */
export interface Layer {
  readonly members: ReadonlyMap<string, Member>
  readonly patterns: readonly (readonly [Pattern, Member])[]
  /** Describes all other names; `undefined` when they are not declared. */
  readonly additional: Member | undefined
}

/** The places that apply besides the one they belong to: the same for every value, or chosen by the value. */
export type Group = readonly Place[] | ((value: object) => readonly Place[])

/** A place in a response: what all schemas say that always apply there together, and what else may. */
export interface Place {
  /** The place alone in a list, so that the usual case needs no new one. */
  readonly alone: readonly Place[]
  onObject: Stance
  onArray: Stance
  /** Names that `layers` know, each with everything they say about it. */
  members: ReadonlyMap<string, Member>
  layers: readonly Layer[]
  /** Describes names that nothing else does: `unevaluatedProperties`. */
  rest: Member | undefined
  prefix: readonly (Place | undefined)[]
  /** `undefined`: nothing is said about items. */
  items: Place | undefined
  groups: readonly Group[]
}

/** A place about which nothing is known yet. */
export function newPlace(): Place {
  const alone: Place[] = []
  const place: Place = {
    alone,
    onObject: 'silent',
    onArray: 'silent',
    members: new Map(),
    layers: [],
    rest: undefined,
    prefix: [],
    items: undefined,
    groups: [],
  }
  alone.push(place)
  return place
}

/** What the layers say about a name none of them lists: by pattern, or as any other name. */
export function unlisted(layers: readonly Layer[], name: string): readonly Member[] {
  return layers.flatMap((layer) => {
    const matching = layer.patterns
      .filter(([pattern]) => pattern.test(name))
      .map(([, member]) => member)
    if (matching.length > 0) return matching
    return layer.additional === undefined ? [] : [layer.additional]
  })
}
