/** A request and the answer the upstream would give, as bytes (latin1). */
export interface PlannedExchange {
  readonly name: string
  readonly request: string
  readonly answer: string
}

const HOST = 'Host: localhost'
const head = (line: string, ...fields: string[]): string =>
  `${[line, HOST, ...fields].join('\r\n')}\r\n\r\n`
const inChunks = (...pieces: string[]): string =>
  [...pieces, ''].map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')

const LOAN = '{"memberId":7,"copies":[{"isbn":"9783522202107","days":7}]}'
const JSON_TYPE = 'Content-Type: application/json'
const CARD = (key: string): string => `X-Library-Card: ${key}`

const requests = (key: string): readonly (readonly [name: string, request: string])[] => [
  ['a GET', head('GET /v2/odd/a HTTP/1.1')],
  ['a GET over HTTP/1.0', head('GET /v2/odd/a HTTP/1.0')],
  ['a HEAD', head('HEAD /v2/odd/a HTTP/1.1')],
  ['a GET of a stream of events', head('GET /v2/news HTTP/1.1', CARD(key))],
  ['a GET of a text', head('GET /v2/books/9780140449136/text HTTP/1.1', CARD(key))],
  ['a DELETE', head('DELETE /v2/loans/1b4e28ba-2fa1-41d2-883f-0016d3cca427 HTTP/1.1', CARD(key))],
  [
    'a POST with a length',
    head('POST /v2/loans HTTP/1.1', CARD(key), JSON_TYPE, `Content-Length: ${LOAN.length}`) + LOAN,
  ],
  [
    'a POST in chunks',
    head('POST /v2/loans HTTP/1.1', CARD(key), JSON_TYPE, 'Transfer-Encoding: chunked') +
      inChunks(LOAN.slice(0, 9), LOAN.slice(9)),
  ],
  [
    'a streamed PUT',
    head(
      'PUT /v2/books/9780140449136/cover HTTP/1.1',
      CARD(key),
      'Content-Type: image/png',
      'Content-Length: 5',
    ) + '\u0089PNG\r',
  ],
  ['two GETs at once', head('GET /v2/odd/a HTTP/1.1') + head('GET /v2/odd/b HTTP/1.1')],
]

const BODY = '{"fine":true,"extra":"inside"}'
const answered = (fields: readonly string[], body: string): string =>
  `HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\n\r\n${body}`

const ANSWERS: readonly (readonly [name: string, answer: string])[] = [
  ['with a length', answered([JSON_TYPE, `Content-Length: ${BODY.length}`], BODY)],
  [
    'in chunks',
    answered([JSON_TYPE, 'Transfer-Encoding: chunked'], inChunks(BODY.slice(0, 7), BODY.slice(7))),
  ],
  ['that ends with the connection', answered([JSON_TYPE, 'Connection: close'], BODY)],
  [
    'after an interim one',
    `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answered(['Content-Type: text/plain', 'Content-Length: 5'], 'plain')}`,
  ],
  ['without content', 'HTTP/1.1 204 No Content\r\nETag: "a"\r\n\r\n'],
]

/** Fifty exchanges: ten requests, each with five answers. */
export function plannedExchanges(key: string): readonly PlannedExchange[] {
  return requests(key).flatMap(([request, bytes]) =>
    ANSWERS.map(([answer, text]) => ({
      name: `${request}, an answer ${answer}`,
      request: bytes,
      answer: text,
    })),
  )
}
