/**
 * 32 bits of a text under a seed: FNV-1a over the code units, then the finalizer of MurmurHash3. For sketches whose
 * seed is secret and whose bits nobody sees; no protection for a table that answers by its hash.
 */
export function seededHash(text: string, seed: number): number {
  let hash = seed ^ 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16) ^ seed, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
