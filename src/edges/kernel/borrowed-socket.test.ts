import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { eventually } from '../testing/edge-kit.ts'
import type { BorrowedSocket } from './borrowed-socket.ts'
import { borrowSocket, canBorrow } from './borrowed-socket.ts'

/** One side borrowed, the other an ordinary socket of Node. */
interface Pair {
  readonly socket: Socket
  readonly borrowed: BorrowedSocket
  readonly peer: Socket
  /** What the borrowed side read. */
  readonly read: Buffer[]
  readonly events: string[]
}

interface ReaderHabits {
  readonly readInto?: () => Buffer
  readonly mostBytes?: number
  readonly onRead?: () => void
}

async function openPair(t: TestContext, habits: ReaderHabits = {}): Promise<Pair> {
  const { readInto, onRead, ...rest } = habits
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const peer = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true })
  peer.on('error', () => peer.destroy())
  const [socket] = (await once(server, 'connection')) as [Socket]
  const read: Buffer[] = []
  const events: string[] = []
  for (const name of ['end', 'close', 'drain'] as const) socket.on(name, () => events.push(name))
  socket.on('error', (error: NodeJS.ErrnoException) => events.push(String(error.code)))
  const borrowed = borrowSocket(socket, {
    kind: 'client',
    ...rest,
    readInto: () => readInto?.(),
    read: (bytes, from) => {
      read.push(Buffer.from(from.subarray(0, bytes)))
      onRead?.()
    },
  })
  assert.ok(borrowed, 'this socket can be borrowed')
  t.after(() => {
    socket.destroy()
    peer.destroy()
    server.close()
  })
  return { socket, borrowed, peer, read, events }
}

const textOf = (pieces: readonly Buffer[]): string => Buffer.concat(pieces).toString('latin1')

function collect(socket: Socket): { text: string } {
  const got = { text: '' }
  socket.setEncoding('latin1').on('data', (chunk: string) => (got.text += chunk))
  return got
}

/** A program of its own: what it prints. */
function run(code: string, flags: readonly string[] = []): string {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...flags, '--input-type=module-typescript', '-e', code],
    { cwd: join(import.meta.dirname, '../../..'), encoding: 'utf8', timeout: 60_000 },
  )
  assert.equal(status, 0, stderr)
  return stdout
}

const isTested = process.platform === 'linux' && process.arch === 'x64'

suite('a borrowed socket', { skip: !isTested && 'only on Linux x64' }, () => {
  test('reads and writes every byte as it is', async (t) => {
    const { borrowed, peer, read } = await openPair(t)
    const got = collect(peer)
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1')
    assert.equal(borrowed.write(all), true)
    peer.write(all, 'latin1')
    await eventually(() => got.text.length === 256 && textOf(read).length === 256)
    assert.deepEqual([got.text, textOf(read)], [all, all])
  })

  test('reads into memory that is given to it', async (t) => {
    const mine = Buffer.alloc(8)
    const { peer, read } = await openPair(t, { readInto: () => mine })
    peer.write('0123456789abcdefghij')
    await eventually(() => textOf(read) === '0123456789abcdefghij')
    assert.ok(read.length >= 3)
  })

  test('takes no more at once than its reader wants', async (t) => {
    const { peer, read } = await openPair(t, { mostBytes: 1000 })
    const text = Array.from({ length: 9999 }, (_, n) => String(n)).join()
    peer.write(text)
    await eventually(() => textOf(read).length === text.length)
    assert.equal(textOf(read), text)
    assert.ok(read.every((piece) => piece.length <= 1000))
  })

  test('others have their turn between reads that are dear to look at', async (t) => {
    let turns = 0
    const seen: number[] = []
    const onRead = (): void => {
      seen.push(turns)
      for (const start = performance.now(); performance.now() - start < 1;);
    }
    const { borrowed, peer, read } = await openPair(t, { mostBytes: 100, onRead })
    borrowed.pause()
    peer.write('a'.repeat(2000))
    await sleep(50)
    const turn = (): void => {
      turns += 1
      if (read.length < 20) setImmediate(turn)
    }
    setImmediate(turn)
    borrowed.resume()
    await eventually(() => textOf(read).length === 2000)
    assert.equal(new Set(seen).size, seen.length, `turns of the reads: ${seen.join()}`)
  })

  test('a peer that does not read holds up what is written, and nothing is lost or swapped', async (t) => {
    const { socket, borrowed, peer, events } = await openPair(t)
    const body = Buffer.alloc(900_000, 'b')
    let isFull = false
    for (let i = 0; i < 10; i++) isFull = !borrowed.write(`<${i}>`, body, '|') || isFull
    assert.ok(isFull && socket.writableLength > 0)
    borrowed.write('last')
    const got = collect(peer)
    await eventually(() => got.text.endsWith('last'))
    const parts = got.text.split('|')
    assert.deepEqual(
      parts.map((part) => [part.slice(0, 3), part.length]),
      [...Array.from({ length: 10 }, (_, i) => [`<${i}>`, 900_003]), ['las', 4]],
    )
    await eventually(() => events.includes('drain'))
    assert.equal(borrowed.write('x'), true)
  })

  test('texts and bodies of any length arrive in their order, however both sides pause', async (t) => {
    const pieces = fc.array(
      fc.record({
        text: fc.integer({ min: 0, max: 3 }).map((n) => 'head'.repeat([0, 1, 400, 30_000][n] ?? 0)),
        body: fc.option(fc.constantFrom(0, 1, 20_000, 400_000), { nil: undefined }),
        end: fc.constantFrom('', 'end'),
        pauses: fc.boolean(),
      }),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(pieces, async (list) => {
        const { borrowed, peer, socket } = await openPair(t)
        const got = collect(peer)
        let expected = ''
        for (const { text, body, end, pauses } of list) {
          if (pauses) peer.pause()
          const bytes = body === undefined ? undefined : Buffer.alloc(body, 'x')
          borrowed.write(text, bytes, bytes === undefined ? '' : end)
          expected += text + (bytes === undefined ? '' : bytes.toString('latin1') + end)
          if (pauses) await sleep(1)
          peer.resume()
        }
        await eventually(() => got.text.length >= expected.length)
        assert.ok(got.text === expected)
        socket.destroy()
      }),
      { numRuns: 25 },
    )
  })

  test('hands over nothing while it is paused, and all of it afterwards', async (t) => {
    const { borrowed, peer, read } = await openPair(t)
    borrowed.pause()
    peer.write('x'.repeat(200_000))
    await sleep(50)
    assert.equal(read.length, 0)
    borrowed.resume()
    await eventually(() => textOf(read).length === 200_000)
    borrowed.pause()
    borrowed.resume()
    peer.write('y')
    await eventually(() => textOf(read).endsWith('xy'))
  })

  for (const [name, isPaused] of [
    ['while it reads', false],
    ['while it is paused', true],
  ] as const) {
    test(`${name}, the end of the peer is an end`, async (t) => {
      const { borrowed, peer, events } = await openPair(t)
      if (isPaused) borrowed.pause()
      peer.end()
      await eventually(() => events.includes('end'))
      assert.deepEqual(events, ['end'])
      // The other way is still open.
      const got = collect(peer)
      borrowed.write('still here')
      await eventually(() => got.text === 'still here')
    })

    test(`${name}, a reset by the peer is an error and the end of it`, async (t) => {
      const { borrowed, peer, events } = await openPair(t)
      if (isPaused) borrowed.pause()
      peer.resetAndDestroy()
      await eventually(() => events.includes('close'))
      assert.deepEqual(events, ['ECONNRESET', 'close'])
    })
  }

  test('the end behind unread bytes comes after them', async (t) => {
    const { borrowed, peer, events, read } = await openPair(t)
    borrowed.pause()
    peer.end('last words')
    await sleep(50)
    assert.equal(events.length, 0)
    borrowed.resume()
    await eventually(() => events.includes('end'))
    assert.equal(textOf(read), 'last words')
  })

  test('what is written to a destroyed socket reaches nobody, also who has its number now', async (t) => {
    const old = await openPair(t)
    old.socket.destroy()
    const next = await openPair(t)
    const got = collect(next.peer)
    const heir = next.borrowed.fd === old.borrowed.fd ? next : await openPair(t)
    assert.equal(old.borrowed.write('secret of another'), true)
    old.borrowed.write('secret', Buffer.alloc(100_000), 'end')
    old.borrowed.resume()
    next.borrowed.write('mine')
    await eventually(() => got.text !== '')
    assert.equal(got.text, 'mine')
    next.peer.write('for me')
    await eventually(() => textOf(next.read) === 'for me')
    assert.deepEqual([old.read, heir.socket.destroyed], [[], false])
  })

  test('given back, it is an ordinary stream that missed nothing', async (t) => {
    const { socket, borrowed, peer, read } = await openPair(t)
    peer.write('first')
    await eventually(() => textOf(read) === 'first')
    borrowed.giveBack()
    peer.write('second')
    await sleep(20)
    const got = collect(socket)
    await eventually(() => got.text === 'second')
    assert.equal(textOf(read), 'first')
  })

  test('a socket that is read already is not borrowed', async (t) => {
    const { socket } = await openPair(t)
    const reader = { kind: 'client' as const, readInto: () => undefined, read: () => undefined }
    socket.resume()
    assert.equal(borrowSocket(socket, reader), undefined)
    socket.destroy()
    assert.equal(borrowSocket(socket, reader), undefined)
  })

  test('many sockets at once each get their own', async (t) => {
    const pairs = await Promise.all(Array.from({ length: 150 }, () => openPair(t)))
    for (const [i, { peer }] of pairs.entries()) peer.write(`to ${i}`)
    await eventually(() => pairs.every(({ read }, i) => textOf(read) === `to ${i}`))
    for (const { socket } of pairs.slice(0, 75)) socket.destroy()
    for (const { peer } of pairs.slice(75)) peer.write('!')
    await eventually(() => pairs.slice(75).every(({ read }) => textOf(read).endsWith('!')))
  })
})

suite('the thread that borrows', { skip: !isTested && 'only on Linux x64' }, () => {
  const PRELUDE = `
    import { connect, createServer } from 'node:net'
    import { once } from 'node:events'
    import { borrowSocket, canBorrow } from './src/edges/kernel/borrowed-socket.ts'
    import { atTurn } from './src/edges/kernel/poller.ts'
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const pair = async (read, kind = 'client') => {
      const peer = connect(server.address().port, '127.0.0.1')
      const [socket] = await once(server, 'connection')
      borrowSocket(socket, { kind, readInto: () => undefined, read: (n, from) => read(from.toString('latin1', 0, n)) })
      return { peer, socket }
    }
  `

  test('prints no warning, and ends when nothing is left to do', () => {
    assert.equal(
      run(`${PRELUDE}
        const { peer, socket } = await pair((text) => { console.log(text); socket.destroy(); server.close() })
        peer.write('once')`),
      'once\n',
    )
  })

  test('a reader that throws takes nothing from the others', () => {
    const printed = run(`${PRELUDE}
      process.on('uncaughtException', (error) => console.log(error.message))
      let seen = 0
      const pairs = []
      for (let i = 0; i < 9; i++) pairs.push(await pair(() => {
        seen++
        if (i % 3 === 0) throw new Error('thrown')
      }))
      for (const { peer } of pairs) peer.write('x')
      setTimeout(() => { console.log(seen); process.exit(0) }, 500)`)
    assert.equal(printed, 'thrown\nthrown\nthrown\n9\n')
  })

  test('a turn that throws takes nothing from the others', () => {
    const printed = run(`${PRELUDE}
      process.on('uncaughtException', (error) => console.log(error.message))
      for (const i of [0, 1, 2, 3]) atTurn(() => {
        if (i % 2 === 0) throw new Error('thrown ' + i)
        console.log('turn ' + i)
      })
      setTimeout(() => process.exit(0), 300)`)
    assert.equal(printed, 'thrown 0\nturn 1\nthrown 2\nturn 3\n')
  })

  test('what is ready at once is told by kinds, answers first, each kind in the order in which it came', () => {
    const printed = run(`${PRELUDE}
      const told = []
      const pairs = []
      const kinds = ['client', 'upstream', 'client', 'upstream', 'upstream', 'client']
      for (const [i, kind] of kinds.entries()) pairs.push(await pair(() => told.push(kind[0] + i), kind))
      for (const { peer } of pairs) peer.write('x')
      // All of it lies in the kernel before the loop looks.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
      setTimeout(() => { console.log(told.join()); process.exit(0) }, 300)`)
    assert.equal(printed, 'u1,u3,u4,c0,c2,c5\n')
  })

  test('a turn comes when everything that was ready has been read', () => {
    const printed = run(`${PRELUDE}
      let seen = 0
      const turns = []
      const pairs = []
      for (let i = 0; i < 20; i++) pairs.push(await pair(() => {
        seen++
        atTurn(() => turns.push(seen))
      }))
      for (const { peer } of pairs) peer.write('x')
      // All of it lies in the kernel before the loop looks.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
      setTimeout(() => { console.log([...new Set(turns)].join()); process.exit(0) }, 300)`)
    assert.equal(printed, '20\n')
  })

  test('a thread that is ended in the middle of it harms nobody, and its sockets are closed', () => {
    const worker = `${PRELUDE}
      const { parentPort } = await import('node:worker_threads')
      await pair(() => undefined)
      server.on('connection', (socket) => borrowSocket(socket, { kind: 'client', readInto: () => undefined, read: () => undefined }))
      parentPort.postMessage(server.address().port)`
    const printed = run(`
      import { Worker } from 'node:worker_threads'
      import { connect } from 'node:net'
      import { once } from 'node:events'
      const code = ${JSON.stringify(worker)}.replaceAll("'./src/", "'file://" + process.cwd() + '/src/')
      for (let i = 0; i < 3; i++) {
        const thread = new Worker(new URL('data:text/javascript,' + encodeURIComponent(code)))
        const [port] = await once(thread, 'message')
        const client = connect(port, '127.0.0.1').on('error', () => undefined)
        await once(client, 'connect')
        client.write('x')
        await new Promise((done) => setTimeout(done, 50))
        void thread.terminate()
        await once(client, 'close')
        console.log('closed')
      }`)
    assert.equal(printed, 'closed\nclosed\nclosed\n')
  })

  // A wait ends by itself after a second: whatever comes sooner has ended it.
  const wakers: [name: string, starts: string][] = [
    ['a timer', `setTimeout(woken, 30)`],
    ['an immediate', `setImmediate(woken)`],
    ['a tick', `process.nextTick(woken)`],
    ['a promise', `Promise.resolve().then(() => undefined).then(woken)`],
    ['a tick of a promise', `queueMicrotask(() => process.nextTick(woken))`],
    ['a thread of the pool', `stat('.', woken)`],
    ['a signal', `process.on('SIGUSR2', woken); process.kill(process.pid, 'SIGUSR2')`],
    ['a closed socket', `peer.destroy(); peer.on('close', woken)`],
    [
      'a message',
      `const { port1, port2 } = new MessageChannel(); port1.on('message', woken); port2.postMessage(1)`,
    ],
    ['a thread that ends', `new Worker('', { eval: true }).on('exit', woken)`],
    [
      'memory that another thread wrote to',
      `const memory = new Int32Array(new SharedArrayBuffer(4))
       Atomics.waitAsync(memory, 0, 0).value.then(woken)
       new Worker('Atomics.notify(process.getBuiltinModule("node:worker_threads").workerData, 0)', { eval: true, workerData: memory })`,
    ],
    [
      'a connection',
      `connect(server.address().port, '127.0.0.1'); server.once('connection', woken)`,
    ],
    ['a program that ends', `execFile('true', woken)`],
  ]

  test('everything that would wake the loop of Node ends the wait for sockets', () => {
    for (const [name, starts] of wakers) {
      const printed = run(`${PRELUDE}
        import { stat } from 'node:fs'
        import { execFile } from 'node:child_process'
        import { Worker } from 'node:worker_threads'
        let since = 0
        const woken = () => {
          console.log(performance.now() - since < 800 ? 'soon' : 'late')
          process.exit(0)
        }
        const { peer } = await pair(() => {
          since = performance.now()
          ${starts}
        })
        peer.write('x')`)
      assert.equal(printed, 'soon\n', name)
    }
  })

  test('timers are as long as they say, however long the wait before them was', () => {
    const printed = run(`${PRELUDE}
      import { Worker } from 'node:worker_threads'
      server.once('connection', (socket) => borrowSocket(socket, {
        kind: 'client',
        readInto: () => undefined,
        read: () => {
          const since = performance.now()
          setTimeout(() => {
            console.log(performance.now() - since > 98)
            process.exit(0)
          }, 100)
        },
      }))
      // Written by another thread, so that nothing but the socket ends the wait.
      new Worker(\`
        const { connect } = process.getBuiltinModule('node:net')
        const peer = connect(\${server.address().port}, '127.0.0.1')
        setTimeout(() => peer.write('x'), 400)\`, { eval: true })`)
    assert.equal(printed, 'true\n')
  })

  test('waiting uses no processor', () => {
    const printed = run(`${PRELUDE}
      await pair(() => undefined)
      setTimeout(() => {
        const before = process.cpuUsage()
        setTimeout(() => {
          const { user, system } = process.cpuUsage(before)
          console.log(user + system < 150_000)
          process.exit(0)
        }, 500)
      }, 100)`)
    assert.equal(printed, 'true\n')
  })

  test('without node:ffi the streams of Node do the work, and every test of HTTP/1.1 holds', () => {
    const suites = ['src/edges/listener/http1.test.ts', 'src/edges/listener/tunnel.test.ts']
    const { stdout } = spawnSync(
      process.execPath,
      ['--no-experimental-ffi', '--test', '--test-name-pattern=fast', ...suites],
      {
        cwd: join(import.meta.dirname, '../../..'),
        encoding: 'utf8',
        env: { ...process.env, NODE_TEST_CONTEXT: undefined },
      },
    )
    assert.match(stdout, /pass [1-9]\d{1,}/)
    assert.match(stdout, /fail 0\n/)
    const found = run(
      `import { canBorrow } from './src/edges/kernel/borrowed-socket.ts'
      console.log(canBorrow())`,
      ['--no-experimental-ffi'],
    )
    assert.equal(found, 'false\n')
    assert.equal(canBorrow(), true)
  })
})
