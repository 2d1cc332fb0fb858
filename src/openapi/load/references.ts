/** Where a reference leads. */
export type Target =
  | { readonly kind: 'file'; readonly uri: string; readonly fragment: string }
  | { readonly kind: 'remote' }
  | { readonly kind: 'outside' }
  | { readonly kind: 'malformed' }

/** Scheme of the opaque URIs that stand for files, so that no path of the machine leaves the loader. */
const SCHEME = 'doc:/'

/** URI of a file by its path below the folder of the root document, `/` between the names. */
export function uriOfFile(relativePath: string): string {
  return SCHEME + relativePath.split('/').map(encodeURIComponent).join('/')
}

/** The path that `uriOfFile` was given, however its characters are encoded; `undefined` for other URIs. */
export function fileOfUri(uri: string): string | undefined {
  if (!uri.startsWith(SCHEME)) return undefined
  return decode(uri.slice(SCHEME.length))
}

/**
 * Resolves a reference against the URI of the file that holds it. Only relative references to files below the folder
 * of the root document lead somewhere; the fragment comes percent-decoded. Never throws.
 * @see RFC 3986 section 5.2, without its clamping of `..` at the root
 */
export function resolveReference(baseUri: string, reference: string): Target {
  const hash = reference.indexOf('#')
  const filePart = hash === -1 ? reference : reference.slice(0, hash)
  const fragment = decode(hash === -1 ? '' : reference.slice(hash + 1))
  if (fragment === undefined) return { kind: 'malformed' }
  if (filePart === '') return { kind: 'file', uri: baseUri, fragment }
  if (filePart.startsWith(SCHEME)) return { kind: 'file', uri: filePart, fragment }
  if (/^[a-z][a-z0-9+.-]*:/i.test(filePart) || filePart.startsWith('//')) return { kind: 'remote' }
  return resolvePath(baseUri, filePart, fragment)
}

function resolvePath(baseUri: string, filePart: string, fragment: string): Target {
  const path = decode(filePart)
  const base = fileOfUri(baseUri)
  if (path === undefined || base === undefined || /[\0\\?]/.test(path)) return { kind: 'malformed' }
  // An absolute path would be one of the machine.
  if (path.startsWith('/')) return { kind: 'outside' }
  const names = base.split('/').slice(0, -1)
  for (const name of path.split('/')) {
    if (name === '..' && names.pop() === undefined) return { kind: 'outside' }
    if (name !== '..' && name !== '.' && name !== '') names.push(name)
  }
  return { kind: 'file', uri: uriOfFile(names.join('/')), fragment }
}

function decode(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
