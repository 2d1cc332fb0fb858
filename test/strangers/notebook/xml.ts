/** Reads `<bio>` or `<name>` as a parser does that resolves entities: one may name a file. */
export function readXml(text: string, files: ReadonlyMap<string, string>): string {
  const entity = /<!ENTITY\s+(\w+)\s+SYSTEM\s+"file:\/\/([^"]*)"/.exec(text)
  const inside = />([^<>]*)<\/(?:bio|name)>/.exec(text)?.[1] ?? ''
  if (entity === null) return inside
  return inside.replace(`&${entity[1]};`, files.get(entity[2] ?? '') ?? '')
}
