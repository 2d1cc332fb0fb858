import type { Operation } from '../../openapi/model.ts'
import type { OwnerRule } from './owner-rule.ts'
import type { OwnerPlace } from './owner-places.ts'

/** A GET of one object by the id at the end of its path. */
const ONE_BY_ID = /\/\{[^{}]+\}$/

/** Whether an operation returns one object, found by the id at the end of its path. */
export function returnsOne({ method, template }: Pick<Operation, 'method' | 'template'>): boolean {
  return method === 'GET' && ONE_BY_ID.test(template)
}

/**
 * The place of an answer that returns one object in an envelope, `{ "order": { … } }`: it is the caller's where the object
 * in it is, and it must be there, so that an empty envelope shows no owner. Other places stay as they are.
 */
export function unwrapped(
  place: OwnerPlace | undefined,
  operation: Pick<Operation, 'method' | 'template'>,
): OwnerPlace | undefined {
  if (place === undefined || place.rules.length > 0 || !returnsOne(operation)) return place
  const name = envelopeMember(place)
  return name === undefined
    ? place
    : { ...place, rules: [{ rule: presence(name), mayBe: undefined }], isGuarded: true }
}

/** The one member in which an object with an owner stands; `undefined` where there are others, or lists. */
function envelopeMember({ members, rest, prefix, items }: OwnerPlace): string | undefined {
  if ([rest, items, ...prefix].some((one) => one?.isGuarded === true)) return undefined
  const guarded = [...members].filter(([, one]) => one.isGuarded)
  const [only] = guarded
  return only !== undefined && guarded.length === 1 && only[1].rules.length > 0
    ? only[0]
    : undefined
}

function presence(name: string): OwnerRule {
  return {
    name: `an object at ${name}`,
    condition: {
      holds: (_exchange, value) => {
        const inner =
          typeof value === 'object' && value !== null && Object.hasOwn(value, name)
            ? (value as Readonly<Record<string, unknown>>)[name]
            : undefined
        return typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      },
    },
  }
}
