import { randomUUID } from 'node:crypto'

/** One request, as data: it can be sent to the shop itself or to what stands in front of it. */
export interface ShopRequest {
  readonly method: string
  /**
   * Path and query. In `target` and in a text body `{shop}` stands for the shop's own URL and
   * `{nonce}` for letters that differ each time.
   */
  readonly target: string
  /** Whose credential goes along; unsaid, nobody's. */
  readonly as?: 'alice' | 'bob' | 'carol'
  readonly headers?: Readonly<Record<string, string>>
  /** An object goes as JSON; text and bytes go as they are (name the type in `headers`). */
  readonly body?: Readonly<Record<string, unknown>> | string | Uint8Array<ArrayBuffer>
}

/** Where `send` sends and how it proves who is calling. */
export interface Destination {
  /** Base URL that receives the request. */
  readonly url: string
  /** The shop's own base URL, for `{shop}`; unsaid, `url`. */
  readonly shopUrl?: string
  /** Headers of a user's credential. */
  readonly credentials: (user: 'alice' | 'bob' | 'carol') => Readonly<Record<string, string>>
}

/** Sends one request; redirects are not followed. */
export function send(request: ShopRequest, to: Destination): Promise<Response> {
  const nonce = randomUUID().slice(0, 8)
  const fill = (text: string): string =>
    text.replaceAll('{shop}', to.shopUrl ?? to.url).replaceAll('{nonce}', nonce)
  const { body } = request
  const isJson = typeof body === 'object' && !(body instanceof Uint8Array)
  const text = isJson ? JSON.stringify(body) : body
  return fetch(to.url + fill(request.target), {
    method: request.method,
    redirect: 'manual',
    headers: {
      ...(isJson ? { 'Content-Type': 'application/json' } : {}),
      ...(request.as === undefined ? {} : to.credentials(request.as)),
      ...request.headers,
    },
    ...(text === undefined ? {} : { body: typeof text === 'string' ? fill(text) : text }),
  })
}

/** An answer as text: the status, the headers (names in lower case) and, after an empty line, the body. */
export async function textOf(answer: Response): Promise<string> {
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`)
  return [answer.status, ...headers, '', await answer.text()].join('\n')
}
