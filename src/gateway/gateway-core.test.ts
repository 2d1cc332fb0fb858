import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isPromise } from '../base/maybe-promise.ts'
import { valueOf } from '../controls/testing/check.ts'
import { exchangeOf } from '../controls/testing/exchange.ts'
import type { Guard, Watch } from '../pipeline/control.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { FailureCause } from './core.ts'
import { GatewayCore } from './gateway-core.ts'
import { allow, Books, controlOf, coreOf, drive, planOf } from './testing/core-bench.ts'
import type { CoreParts } from './testing/core-bench.ts'

const LIST = { target: '/v1/orders' }
const CREATE = { method: 'POST', target: '/v1/orders', body: '{}' }

function withGuard(guard: Guard, parts: CoreParts = {}): ReturnType<typeof coreOf> {
  return coreOf({ ...parts, controls: [allow, controlOf(guard)] })
}

function bug(): never {
  throw new Error('bug')
}

suite('the head', () => {
  test('a request goes to the API in canonical form with the time the API has', async () => {
    const { core } = coreOf()
    const { forwarded, head } = await drive(core, {
      target: '/v1/%6frders?a=%62',
      headers: ['A', '1'],
    })
    assert.deepEqual(head, { kind: 'forward', body: 'none', maxBodyBytes: 0 })
    assert.deepEqual(forwarded, {
      upstream: 'shop',
      method: 'GET',
      path: '/v1/orders?a=b',
      headers: ['host', '127.0.0.1:3000', 'a', '1'],
      firstByteMs: 15_000,
    })
  })

  const refused: [name: string, request: Parameters<typeof drive>[1], status: number][] = [
    ['an undeclared path', { target: '/v1/nothing' }, 404],
    ['the base path alone', { target: '/v1' }, 404],
    ['a declared path without its base', { target: '/orders' }, 404],
    ['an undeclared method', { method: 'DELETE', target: '/v1/orders' }, 405],
    ['an ambiguous path', { target: '/v1/a/../orders' }, 400],
  ]
  for (const [name, request, status] of refused) {
    test(`${name} is ${status} and reaches no API`, async () => {
      const { core } = coreOf()
      const { answer, forwarded } = await drive(core, request)
      assert.equal(answer.status, status)
      assert.equal(forwarded, undefined)
    })
  }

  const bodies: [name: string, guard: Guard, request: object, body: string, max: number][] = [
    ['no body is announced where none comes', {}, LIST, 'none', 0],
    ['a body streams where no guard wants it', {}, CREATE, 'stream', 1_048_576],
    [
      'a body is read whole where a guard judges it',
      { onRequestBody: () => undefined },
      CREATE,
      'buffer',
      1_048_576,
    ],
  ]
  for (const [name, guard, request, body, max] of bodies) {
    test(name, async () => {
      const { head } = await drive(withGuard(guard).core, request)
      assert.deepEqual(head, { kind: 'forward', body, maxBodyBytes: max })
    })
  }

  test('guards of bodies judge an absent body too', async () => {
    const guard: Guard = {
      onRequestBody: (_, body) => (body.length === 0 ? { reason: 'no' } : undefined),
    }
    const { core } = withGuard(guard)
    const { answer, forwarded } = await drive(core, { ...LIST, hasBody: false })
    assert.equal(answer.status, 403)
    assert.equal(forwarded, undefined)
    const later = withGuard({ onRequestBody: () => Promise.resolve({ reason: 'no' }) })
    assert.equal((await drive(later.core, LIST)).answer.status, 403)
    const good = withGuard({ onRequestBody: () => Promise.resolve(undefined) })
    assert.equal((await drive(good.core, LIST)).answer.status, 200)
  })

  const upgrades: [name: string, target: string, headers: string[], kind: string][] = [
    [
      'a declared switch to WebSocket opens a tunnel',
      '/v1/live',
      ['Upgrade', 'WebSocket'],
      'upgrade',
    ],
    [
      'a switch that the document does not declare is an ordinary request',
      '/v1/orders',
      ['Upgrade', 'websocket'],
      'forward',
    ],
    [
      'a switch to another protocol is an ordinary request',
      '/v1/live',
      ['Upgrade', 'h2c'],
      'forward',
    ],
    ['without the wish there is no tunnel', '/v1/live', [], 'forward'],
  ]
  for (const [name, target, headers, kind] of upgrades) {
    test(name, async () => {
      const { core } = coreOf()
      const verdict = await core.decideHead(core.begin(exchangeOf({ target, headers }).head))
      assert.equal(verdict.kind, kind)
    })
  }

  test('a switch of protocols is refused like any request', async () => {
    const { core } = coreOf({ controls: [] })
    const { head } = {
      head: exchangeOf({ target: '/v1/live', headers: ['Upgrade', 'websocket'] }).head,
    }
    const verdict = await core.decideHead(core.begin(head))
    assert.equal(verdict.kind === 'answer' && verdict.answer.status, 403)
  })

  test('routing that finds nothing and refuses nothing is a defect, not a pass', async () => {
    const { core } = coreOf({ omit: { control: 'routes' } })
    const { answer, forwarded } = await drive(core, LIST)
    assert.equal(answer.status, 500)
    assert.equal(forwarded, undefined)
  })
})

suite('promises', () => {
  test('nothing waits where no guard waits', () => {
    const noop = (): undefined => undefined
    const { core } = withGuard({
      onRequest: noop,
      onRequestBody: noop,
      onResponse: noop,
      onResponseBody: noop,
      wantsResponseBody: () => true,
    })
    const exchange = core.begin(exchangeOf({ ...CREATE, hasBody: true }).head)
    assert.ok(!isPromise(core.decideHead(exchange)))
    assert.ok(!isPromise(core.decideBody(exchange, Buffer.from('{}'))))
    assert.ok(!isPromise(core.decideResponseHead(exchange, 200, [])))
    assert.ok(!isPromise(core.decideResponseBody(exchange, Buffer.from('{}'))))
  })

  const later = {
    no: () => Promise.resolve({ reason: 'no' }),
    yes: () => Promise.resolve(undefined),
  }
  const hooks = ['onRequest', 'onRequestBody', 'onResponse', 'onResponseBody'] as const
  for (const hook of hooks) {
    for (const [word, run] of Object.entries(later)) {
      test(`${hook} may answer later, and its ${word} is heard`, async () => {
        const { core } = withGuard({ [hook]: run, wantsResponseBody: () => true })
        const { answer } = await drive(core, CREATE, { body: '{}' })
        assert.equal(answer.status, word === 'no' ? 403 : 200)
      })
    }
  }

  test('a gateway-wide guard may answer later', async () => {
    for (const [word, run] of Object.entries(later)) {
      const wide = controlOf({ onRequest: run }, { name: 'wide', scope: 'gateway', stage: 'admit' })
      const { answer } = await drive(coreOf({ controls: [wide, allow] }).core, LIST)
      assert.equal(answer.status, word === 'no' ? 403 : 200)
    }
  })
})

suite('the response', () => {
  test('streams with its fields where no guard wants it', async () => {
    const { core } = coreOf()
    const api = {
      headers: ['Content-Type', 'text/plain', 'Content-Length', '3', 'Connection', 'close'],
    }
    const { response, exchange } = await drive(core, LIST, api)
    assert.equal(response?.kind, 'stream')
    assert.equal(response.hidesLength, false)
    assert.deepEqual(response.answer.headers, [
      'Sallyport-Request-Id',
      exchange.id,
      'content-type',
      'text/plain',
    ])
    assert.equal(exchange.status, 200)
  })

  test('is read whole where a guard wants it, at most 10 MiB', async () => {
    const { core } = withGuard({ wantsResponseBody: () => true })
    const { response, answer } = await drive(core, LIST, { body: 'abc' })
    assert.deepEqual(response, { kind: 'buffer', maxBodyBytes: 10 * 1024 * 1024 })
    assert.equal(String(answer.body), 'abc')
  })

  const bodyless: [name: string, method: string, status: number][] = [
    ['HEAD', 'HEAD', 200],
    ['204', 'GET', 204],
    ['205', 'GET', 205],
    ['304', 'GET', 304],
  ]
  for (const [name, method, status] of bodyless) {
    test(`a response without a body (${name}) is not waited for, and its length not said`, async () => {
      const { core } = withGuard({ wantsResponseBody: () => true })
      const { response } = await drive(core, { ...LIST, method }, { status })
      assert.equal(response?.kind, 'stream')
      assert.equal(response.hidesLength, true)
    })
  }

  test('to HEAD without a type says no length where a guard reads some bodies, else it does', async () => {
    const head = { ...LIST, method: 'HEAD' }
    const judged = withGuard({ wantsResponseBody: (_, { headers }) => headers.has('content-type') })
    const { response } = await drive(judged.core, head)
    assert.equal(response?.kind === 'stream' && response.hidesLength, true)
    const other = await drive(withGuard({}).core, head)
    assert.equal(other.response?.kind === 'stream' && other.response.hidesLength, false)
  })

  test('the wish to read may depend on the response', async () => {
    const { core } = withGuard({ wantsResponseBody: (_, { status }) => status === 201 })
    assert.equal((await drive(core, LIST, { status: 200 })).response?.kind, 'stream')
    assert.equal((await drive(core, LIST, { status: 201 })).response?.kind, 'buffer')
  })

  test('is refused by its head, with nothing of it in the answer', async () => {
    const { core } = withGuard({ onResponse: () => ({ reason: 'no' }) })
    const { answer } = await drive(core, LIST, { headers: ['X-Secret', '1'], body: 'secret' })
    assert.equal(answer.status, 403)
    assert.equal(valueOf(answer.headers, 'x-secret'), undefined)
    assert.doesNotMatch(String(answer.body), /secret/)
  })

  test('is refused by its body, with nothing of it in the answer', async () => {
    const guard: Guard = { wantsResponseBody: () => true, onResponseBody: () => ({ reason: 'no' }) }
    const { answer } = await drive(withGuard(guard).core, LIST, {
      headers: ['X-Secret', '1'],
      body: 'secret',
    })
    assert.equal(answer.status, 403)
    assert.equal(valueOf(answer.headers, 'x-secret'), undefined)
    assert.doesNotMatch(String(answer.body), /secret/)
  })

  const repair = { reason: 'no', repair: Buffer.from('mended') }
  const mending: [name: string, guard: Guard][] = [
    ['its head', { onResponse: () => repair }],
    ['its body', { wantsResponseBody: () => true, onResponseBody: () => repair }],
  ]
  for (const [name, guard] of mending) {
    test(`is mended by what is seen in ${name}`, async () => {
      const headers = ['ETag', '"1"', 'Content-Length', '3', 'Content-Type', 'text/plain']
      const { answer } = await drive(withGuard(guard).core, LIST, { headers, body: 'abc' })
      assert.equal(String(answer.body), 'mended')
      assert.equal(valueOf(answer.headers, 'etag'), undefined, 'it names other bytes')
      assert.equal(valueOf(answer.headers, 'content-length'), undefined)
      assert.equal(valueOf(answer.headers, 'content-type'), 'text/plain')
    })
  }

  test('a coding that cannot be undone is a failure of the API', async () => {
    const { core } = withGuard({ wantsResponseBody: () => true })
    const api = { headers: ['Content-Encoding', 'gzip'], body: 'no gzip' }
    const { answer, exchange } = await drive(core, LIST, api)
    assert.equal(answer.status, 502)
    assert.equal(exchange.decision?.reason, 'upstream_protocol')
  })

  test('a response to an exchange that has no operation is a defect, not a pass', async () => {
    const { core } = coreOf()
    const exchange = core.begin(exchangeOf().head)
    const verdict = await core.decideResponseHead(exchange, 200, [])
    assert.equal(verdict.kind === 'answer' && verdict.answer.status, 500)
  })
})

suite('refusals', () => {
  test('another guard may put its own in place', async () => {
    const { core } = withGuard({
      onRequest: () => ({ reason: 'no' }),
      onRefusal: (_, { denial }) => (denial.reason === 'no' ? { reason: 'slow' } : undefined),
    })
    const { answer, exchange } = await drive(core, LIST)
    assert.equal(answer.status, 429)
    assert.equal(exchange.status, 429)
    assert.equal(exchange.decision?.reason, 'slow')
  })

  test('it may do so later, or leave it as it is', async () => {
    for (const [other, status] of [
      [{ reason: 'slow' }, 429],
      [undefined, 403],
    ] as const) {
      const { core } = withGuard({
        onRequest: () => ({ reason: 'no' }),
        onRefusal: () => Promise.resolve(other),
      })
      assert.equal((await drive(core, LIST)).answer.status, status)
    }
  })

  test('each hook of refusals is told of responses that are refused too', async () => {
    let told = 0
    const { core } = withGuard({
      onResponse: () => ({ reason: 'no' }),
      onRefusal: () => {
        told += 1
        return undefined
      },
    })
    await drive(core, LIST)
    assert.equal(told, 1)
  })

  test('a refused 404 has the face of an unknown path: no field of the operation', async () => {
    const own: Guard = {
      onRequest: (exchange) => {
        exchange.answerHeaders.push('X-Limit', '1')
        return { reason: 'hidden', headers: [] }
      },
      onAnswer: (_, headers) => void headers.push('X-Own', '1'),
    }
    const { core } = withGuard(own)
    const hidden = await drive(core, LIST)
    const unknown = await drive(core, { target: '/v1/nothing' })
    assert.equal(hidden.answer.status, 404)
    const face = ({ answer, exchange }: typeof hidden): string =>
      JSON.stringify(answer).replaceAll(exchange.id, 'ID')
    assert.equal(face(hidden), face(unknown))
  })
})

suite('defects', () => {
  const hooks: [hook: keyof Guard, status: number][] = [
    ['onRequest', 500],
    ['onRequestBody', 503],
    ['onResponse', 502],
    ['onResponseBody', 502],
    ['onRefusal', 500],
  ]
  for (const [hook, status] of hooks) {
    test(`a guard that throws in ${hook} is answered with ${status}, and told`, async () => {
      const trigger: Guard = hook === 'onRefusal' ? { onRequest: () => ({ reason: 'no' }) } : {}
      const { core, books } = withGuard({ ...trigger, [hook]: bug, wantsResponseBody: () => true })
      const { answer, exchange } = await drive(core, CREATE, { body: '{}' })
      assert.equal(answer.status, status)
      assert.doesNotMatch(String(answer.body), /bug/, 'the cause stays in the log')
      assert.ok(exchange.events.some(({ name }) => name === 'sp_control_fault'))
      assert.equal(books.ended.length, 1)
    })
  }

  test('a guard that throws while it adds fields does not unsay a refusal', async () => {
    const guard: Guard = { onRequest: () => ({ reason: 'no' }), onAnswer: bug }
    const { answer, exchange } = await drive(withGuard(guard).core, LIST)
    assert.equal(answer.status, 403)
    const fault = exchange.events.find(({ name }) => name === 'sp_control_fault')
    assert.match(fault?.detail ?? '', /bug/)
  })

  test('fail answers although every hook is broken', () => {
    const { core } = withGuard({ onAnswer: bug, onRefusal: bug, onEnd: bug })
    const exchange = core.begin(exchangeOf(LIST).head)
    void core.decideHead(exchange)
    assert.equal(core.fail(exchange, 'upstream_timeout', 'slow').status, 504)
    core.end(exchange)
  })

  const silent: [
    name: string,
    guard: Guard,
    step: (core: GatewayCore, exchange: Exchange) => void,
  ][] = [
    ['onForward', { onForward: bug }, (core, own) => core.upstreamRequest(own)],
    ['dropsRequestHeader', { dropsRequestHeader: bug }, (core, own) => core.upstreamRequest(own)],
    [
      'wantsResponseBody',
      { wantsResponseBody: bug },
      (core, own) => core.decideResponseHead(own, 200, []),
    ],
    [
      'dropsResponseHeader',
      { dropsResponseHeader: bug },
      (core, own) => core.decideResponseHead(own, 200, ['A', '1']),
    ],
  ]
  for (const [name, guard, step] of silent) {
    test(`a guard that throws in ${name} lets nothing pass`, async () => {
      const { core } = withGuard(guard)
      const exchange = core.begin(exchangeOf({ ...LIST, headers: ['A', '1'] }).head)
      assert.equal((await core.decideHead(exchange)).kind, 'forward')
      assert.throws(() => step(core, exchange), /bug/)
      assert.equal(core.fail(exchange, 'defect', 'bug').status, 500)
    })
  }

  test('a guard that throws at the end costs neither the record nor the other guards', async () => {
    let ended = 0
    const { core, books } = coreOf({
      controls: [
        allow,
        controlOf({ onEnd: bug }, { name: 'broken' }),
        controlOf({ onEnd: () => void (ended += 1) }, { name: 'good' }),
      ],
    })
    const { exchange } = await drive(core, LIST)
    assert.equal(ended, 1)
    assert.deepEqual(books.ended, [exchange])
    assert.equal(exchange.events.at(-1)?.name, 'sp_control_fault')
  })
})

suite('failures', () => {
  const causes: [cause: FailureCause, status: number, close: boolean][] = [
    ['client_too_slow', 408, true],
    ['body_too_large', 413, true],
    ['upstream_refused', 502, false],
    ['upstream_timeout', 504, false],
    ['overloaded', 503, false],
    ['defect', 500, false],
  ]
  for (const [cause, status, close] of causes) {
    test(`${cause} is ${status}, with its record and its event`, () => {
      const { core } = coreOf()
      const exchange = core.begin(exchangeOf(LIST).head)
      const answer = core.fail(exchange, cause, 'detail of the log')
      assert.equal(answer.status, status)
      assert.equal(answer.close, close)
      assert.equal(exchange.status, status)
      assert.equal(exchange.decision?.reason, cause)
      assert.equal(exchange.decision.detail, 'detail of the log')
      assert.equal(exchange.events.length, 1)
      assert.doesNotMatch(String(answer.body), /detail of the log/)
    })
  }
})

suite('what the parser refused', () => {
  test('has an answer, one record and one event, and closes the connection', () => {
    const { core, books } = coreOf()
    const answer = core.refuseUnparsed({ address: '203.0.113.9', port: 7 }, 400, 'bad chunk')
    assert.equal(answer.status, 400)
    assert.equal(answer.close, true)
    assert.match(String(answer.body), /malformed_message/)
    assert.doesNotMatch(String(answer.body), /bad chunk/)
    assert.equal(books.beganCount, 1)
    const [exchange] = books.ended
    assert.equal(books.ended.length, 1)
    assert.equal(exchange?.clientAddress, '203.0.113.9')
    assert.equal(exchange.decision?.detail, 'bad chunk')
    assert.equal(exchange.events[0]?.name, 'sp_protocol_violation')
    assert.equal(valueOf(answer.headers, 'sallyport-request-id'), exchange.id)
  })
})

suite('a streamed answer that is watched', () => {
  const verdictOf = async (mode: 'enforce' | 'monitor', watch: Watch) => {
    const watching = controlOf({ watchesResponse: () => watch })
    const policy = { modes: new Map([['probe', mode]]) }
    const { core } = coreOf({ controls: [allow, watching], policy })
    return (await drive(core, LIST)).response
  }

  test('goes on as long as the guard lets it', async () => {
    const verdict = await verdictOf('enforce', (chunk) => (chunk.length < 2 ? chunk : undefined))
    assert.ok(verdict?.kind === 'stream')
    assert.deepEqual(verdict.watch?.(Buffer.from('a'), false), Buffer.from('a'))
    assert.equal(verdict.watch?.(Buffer.from('ab'), false), undefined)
  })

  test('is not watched where the guard only observes', async () => {
    const verdict = await verdictOf('monitor', () => undefined)
    assert.ok(verdict?.kind === 'stream')
    assert.equal(verdict.watch, undefined)
  })
})

suite('a request whose body is no HTTP', () => {
  test('is answered and recorded once, as what it was', async () => {
    const { core, books } = coreOf()
    const exchange = core.begin(exchangeOf({ ...CREATE, hasBody: true }).head)
    await core.decideHead(exchange)
    const peer = { address: '203.0.113.9', port: 7 }
    const answer = core.refuseUnparsed(peer, 400, 'bad chunk', exchange)
    assert.equal(answer.status, 400)
    assert.equal(answer.close, true)
    assert.equal(valueOf(answer.headers, 'sallyport-request-id'), exchange.id)
    assert.deepEqual([books.beganCount, books.ended.length], [1, 0])
    assert.equal(exchange.status, 400)
    assert.equal(exchange.decision?.reason, 'unparsed')
    assert.equal(exchange.site?.operation.id, 'create')
  })
})

suite('the books', () => {
  const ways: [name: string, request: Parameters<typeof drive>[1], guard: Guard][] = [
    ['forwarded', LIST, {}],
    ['refused before routing', { target: '/%00' }, {}],
    ['refused by its head', LIST, { onRequest: () => ({ reason: 'no' }) }],
    ['refused by its body', CREATE, { onRequestBody: () => ({ reason: 'no' }) }],
    ['refused by its response', LIST, { onResponse: () => ({ reason: 'no' }) }],
  ]
  for (const [name, request, guard] of ways) {
    test(`an exchange that was ${name} begins once and ends once`, async () => {
      const { core, books } = withGuard(guard)
      const { exchange } = await drive(core, request)
      assert.equal(books.beganCount, 1)
      assert.deepEqual(books.ended, [exchange])
    })
  }

  test('the ledger is told after the record, with what the guards found at the end', () => {
    const told: string[] = []
    const core = new GatewayCore(planOf(), {
      clock: { nowMs: () => 5 },
      recorder: { began: () => undefined, record: () => void told.push('record') },
      ledger: { note: () => void told.push('ledger') },
    })
    const exchange = core.begin(exchangeOf().head)
    assert.equal(exchange.startedMs, 5)
    core.end(exchange)
    assert.deepEqual(told, ['record', 'ledger'])
  })

  test('two exchanges have two ids', () => {
    const { core } = coreOf()
    const { head } = exchangeOf()
    assert.notEqual(core.begin(head).id, core.begin(head).id)
  })
})

suite('a swap of plans', () => {
  const saying = (name: string): CoreParts => ({
    controls: [
      allow,
      controlOf({
        onAnswer: (_, headers) => void headers.push('X-Plan', name),
        onForward: (_, headers) => void headers.push('x-plan', name),
        onResponse: () => (name === 'new' ? { reason: 'no' } : undefined),
      }),
    ],
    api: { upstreamHost: name },
  })

  test('exchanges under way finish under their own, new ones begin under the new', async () => {
    const books = new Books()
    const deps = { clock: { nowMs: () => 0 }, recorder: books }
    const core = new GatewayCore(planOf(saying('old'), 'old'), deps)
    const exchange = core.begin(exchangeOf(LIST).head)
    core.swap(planOf(saying('new'), 'new'))
    assert.equal(core.plan.id, 'new')
    assert.equal((await core.decideHead(exchange)).kind, 'forward')
    assert.deepEqual(core.upstreamRequest(exchange).headers, ['host', 'old', 'x-plan', 'old'])
    const verdict = await core.decideResponseHead(exchange, 200, [])
    assert.equal(verdict.kind === 'stream' && valueOf(verdict.answer.headers, 'x-plan'), 'old')
    const next = await drive(core, LIST)
    assert.equal(next.answer.status, 403)
    assert.equal(valueOf(next.answer.headers, 'x-plan'), 'new')
  })

  test('the upstreams are those of the new plan', () => {
    const { core } = coreOf()
    const before = core.upstreams
    const target = { origin: 'http://127.0.0.1:4000', connectMs: 1, ca: undefined }
    const origins = [{ target, weight: 1 }]
    const upstream = { origins, retries: false, breaker: undefined, health: undefined }
    core.swap(planOf({ api: { upstream } }))
    assert.notEqual(core.upstreams, before, 'an edge sees by identity that they changed')
    assert.deepEqual([...core.upstreams], [['shop', upstream]])
  })
})
