import { lookup } from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Dispatcher } from 'undici'
import { parseAddress } from '../../base/address.ts'
import { isLoopback, isSpecialUse } from '../../base/cidr.ts'
import { parseJsonStrict } from '../../http/json-scan.ts'

/** `blocked`: our rules forbid it (`sp_ssrf_blocked`); `failed`: the other side did not answer as it should. */
export class FetchError extends Error {
  readonly code: 'blocked' | 'failed'

  constructor(code: 'blocked' | 'failed', message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'FetchError'
    this.code = code
  }
}

const MAX_BYTES = 1024 * 1024
const TIMEOUT_MS = 5000
const JSON_TYPE = /^application\/(?:[a-z0-9.-]+\+)?json *(?:;|$)/i

/**
 * Fetches one JSON document for our own use [ADM-03]: https (plain http only to loopback), no user information, no
 * redirects, no proxy, at most 1 MiB and 5 s in all, a JSON media type, strict JSON. The name is resolved once, every
 * address of it is judged, and only those are connected to: an address nobody on the public internet has is refused
 * unless the host is one of `trustedHosts` (lower case, from the configuration).
 * Rejects with `FetchError`.
 */
export async function fetchJson(url: string, trustedHosts: ReadonlySet<string>): Promise<unknown> {
  const target = checkUrl(url)
  const addresses = await resolve(target, trustedHosts)
  const agent = new Agent({
    connect: { lookup: pinned(addresses), timeout: TIMEOUT_MS },
    pipelining: 0,
  })
  try {
    return await download(target, agent)
  } catch (cause) {
    if (cause instanceof FetchError) throw cause
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw new FetchError('failed', `${target.href}: ${detail}`, cause)
  } finally {
    await agent.destroy()
  }
}

function checkUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null) throw new FetchError('blocked', 'not a URL')
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new FetchError('blocked', `${url.protocol} is not fetched`)
  if (url.username !== '' || url.password !== '')
    throw new FetchError('blocked', 'a URL with user information')
  return url
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

async function resolve(
  url: URL,
  trustedHosts: ReadonlySet<string>,
): Promise<readonly LookupAddress[]> {
  const host = hostOf(url)
  const addresses = await addressesOf(host)
  for (const { address } of addresses) {
    if (url.protocol === 'http:' && !isLoopback(address))
      throw new FetchError('blocked', `${url.origin}: plain http only to loopback`)
    if (!trustedHosts.has(host) && isSpecialUse(address))
      throw new FetchError(
        'blocked',
        `${url.origin} leads to ${address}, which the configuration does not name`,
      )
  }
  return addresses
}

async function addressesOf(host: string): Promise<readonly LookupAddress[]> {
  if (parseAddress(host) !== undefined)
    return [{ address: host, family: host.includes(':') ? 6 : 4 }]
  const late = delay(TIMEOUT_MS, undefined, { ref: false }).then(() => {
    throw new FetchError('failed', `${host} was not resolved in time`)
  })
  try {
    return await Promise.race([lookup(host, { all: true }), late])
  } catch (cause) {
    if (cause instanceof FetchError) throw cause
    throw new FetchError('failed', `${host} has no address`, cause)
  } finally {
    // Nobody waits for the timer once the race is over.
    late.catch(() => undefined)
  }
}

/** Answers with the addresses that were judged, so that a second answer of the name service changes nothing. */
function pinned(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, options, done) => {
    const [first] = addresses
    if (options.all === true) done(null, [...addresses])
    else done(null, first?.address ?? '', first?.family ?? 4)
  }
}

async function download(url: URL, dispatcher: Dispatcher): Promise<unknown> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const { statusCode, headers, body } = await request(url, {
    dispatcher,
    signal,
    headers: { accept: 'application/json' },
  })
  const type = headers['content-type']
  const isJson = typeof type === 'string' && JSON_TYPE.test(type)
  if (statusCode !== 200 || !isJson) {
    body.destroy()
    // Destroying reports an abort nobody waits for.
    body.on('error', () => undefined)
    throw new FetchError(
      'failed',
      `${url.href} answered ${statusCode}${isJson ? '' : ' without JSON'}`,
    )
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BYTES)
      throw new FetchError('failed', `${url.href} sent more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  const document = parseJsonStrict(Buffer.concat(chunks))
  if (document.fault !== undefined)
    throw new FetchError('failed', `${url.href} sent no strict JSON: ${document.fault}`)
  return document.value
}
