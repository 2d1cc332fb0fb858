import * as z from 'zod'
import type { ConfigPath } from './paths.ts'
import { configSchema } from './schema/config.ts'

/** The part of a JSON Schema that describes one key. */
export interface SchemaNode {
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly additionalProperties?: SchemaNode | boolean
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
}

/** The configuration as a JSON Schema (draft 7, which editors read best). Built anew on every call. */
export function configJsonSchema(): SchemaNode {
  const schema = z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' })
  return { title: 'Sallyport configuration', ...schema } as SchemaNode
}

/** A node and the branches of its unions. */
function variants(node: SchemaNode): SchemaNode[] {
  return [node, ...(node.anyOf ?? []).flatMap(variants)]
}

/** What the schema says below one step. */
function below(node: SchemaNode, step: string | number): SchemaNode[] {
  return variants(node).flatMap((variant) => {
    const properties = variant.properties ?? {}
    const child = Object.hasOwn(properties, step) ? properties[step] : undefined
    const rest = typeof step === 'number' ? variant.items : variant.additionalProperties
    if (child !== undefined) return [child]
    return typeof rest === 'object' ? [rest] : []
  })
}

/** Keys that the schema knows at a path, for `did you mean`. */
export function candidateKeys(path: ConfigPath): readonly string[] {
  let nodes: readonly SchemaNode[] = [configJsonSchema()]
  for (const step of path) nodes = nodes.flatMap((node) => below(node, step))
  const keys = nodes.flatMap(variants).flatMap((node) => Object.keys(node.properties ?? {}))
  return [...new Set(keys)]
}
