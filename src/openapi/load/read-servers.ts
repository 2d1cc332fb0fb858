import { childPlace } from './document-set.ts'
import type { Place } from './document-set.ts'
import { items, own, ownString } from './json-value.ts'
import { note, warn } from './reader.ts'
import type { Reader } from './reader.ts'

/**
 * The path of the first server, variables at their defaults, percent-encoded as URLs are, without trailing slash; empty
 * for the root, and with a warning where the URL cannot be understood.
 */
export function readBasePath(reader: Reader, root: Place): string {
  const servers = childPlace(root, 'servers')
  const server = childPlace(servers, 0)
  const written = ownString(server.value, 'url')
  if (written === undefined) return ''
  const url = fillVariables(reader, server, written)
  const parsed = url === undefined ? null : URL.parse(url, 'http://server.invalid/')
  if (parsed === null) {
    warn(
      reader,
      'unknown-base-path',
      'the path of the first server is not understood; set `basePath`',
      server,
    )
    return ''
  }
  if (parsed.search !== '' || parsed.hash !== '') {
    note(
      reader,
      'server-query',
      'query and fragment of a server URL are ignored',
      childPlace(server, 'url'),
    )
  }
  return parsed.pathname.replace(/\/{2,}/g, '/').replace(/\/$/, '')
}

function fillVariables(reader: Reader, server: Place, url: string): string | undefined {
  const variables = own(server.value, 'variables')
  let isComplete = true
  const filled = url.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const value = ownString(own(variables, name), 'default')
    if (value !== undefined) return value
    // What stands before the path may stay open: only the path counts.
    if (/^[a-z]+:\/\/[^/]*$/i.test(url.slice(0, url.indexOf(`{${name}}`)))) return 'x'
    isComplete = false
    return ''
  })
  if (!isComplete) {
    note(
      reader,
      'server-variable',
      'a variable of the server URL has no default',
      childPlace(server, 'url'),
    )
  }
  return isComplete ? filled : undefined
}

/** Servers of single paths or operations decide nothing here: the upstream is configured. */
export function noteLocalServers(reader: Reader, place: Place): void {
  const servers = childPlace(place, 'servers')
  if (items(servers.value).length === 0) return
  const message =
    'servers of a single path or operation are ignored; requests go to the configured upstream'
  warn(reader, 'local-servers', message, servers)
}
