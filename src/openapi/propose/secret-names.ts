import type { InferredSchema } from '../infer/inferred-schema.ts'

/** Names of fields in a shape that hold secrets. The depth of a shape is bounded. */
export function secretNames(
  shape: InferredSchema,
  isSecret: (name: string) => boolean,
): readonly string[] {
  const { properties = {}, additionalProperties, items } = shape
  const inner = [...Object.values(properties), additionalProperties, items]
  return [
    ...Object.keys(properties).filter(isSecret),
    ...inner.flatMap((one) => (one === undefined ? [] : secretNames(one, isSecret))),
  ]
}
