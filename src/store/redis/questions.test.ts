import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { UnaskedError } from '../unsettled.ts'
import { Shape } from './policy-lines.ts'
import { Question, QuestionQueue, settleAll } from './questions.ts'
import type { Asked } from './questions.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function question(name: string, { lines = 1, nowMs = 0 } = {}): Question<string | undefined> {
  const line = { what: 't', name, shape: new Shape('x') } as const
  const all = Array.from({ length: lines }, () => line)
  return new Question(all, nowMs, ({ parts, place }) => parts[place + 1])
}

/** A server that answers when told to. */
class Server {
  readonly calls: (readonly Asked[])[] = []
  #answer: (text: string) => void = () => undefined
  #refuse: (cause: unknown) => void = () => undefined

  readonly send = async (batch: readonly Asked[]): Promise<void> => {
    this.calls.push(batch)
    const text = await new Promise<string>((resolve, reject) => {
      this.#answer = resolve
      this.#refuse = reject
    })
    settleAll(batch, text)
  }

  async answer(...parts: readonly string[]): Promise<void> {
    this.#answer(['0', ...parts].join(','))
    await turn()
    await turn()
  }

  async refuse(cause: unknown): Promise<void> {
    this.#refuse(cause)
    await turn()
  }
}

suite('questions for one server', () => {
  test('travel together, in order, one call at a time', async () => {
    const server = new Server()
    const queue = new QuestionQueue({ send: server.send, isByTime: false })
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => question(name))
    assert.ok(a && b && c && d)
    queue.add(a)
    queue.add(b)
    await turn()
    queue.add(c)
    await turn()
    assert.deepEqual(server.calls, [[a, b]])
    // Who is answered and asks on travels with those who have been waiting.
    void a.answer.then(() => queue.add(d))
    await server.answer('1', 'of a', '1', 'of b')
    assert.deepEqual(server.calls.slice(1), [[c, d]])
    assert.deepEqual(await Promise.all([a.answer, b.answer]), ['of a', 'of b'])
  })

  test('are so many in a call that the server is not held for long', async () => {
    const server = new Server()
    const queue = new QuestionQueue({ send: server.send, isByTime: false })
    for (let i = 0; i < 100; i++) queue.add(question('q', { lines: 2 }))
    await turn()
    assert.equal(server.calls[0]?.length, 64)
    await server.answer()
    assert.equal(server.calls[1]?.length, 36)
  })

  test('of another time go with another call, where the caller says the time', async () => {
    const server = new Server()
    const queue = new QuestionQueue({ send: server.send, isByTime: true })
    for (const nowMs of [1, 1, 2]) queue.add(question('q', { nowMs }))
    await turn()
    assert.equal(server.calls[0]?.length, 2)
  })

  test('fail with the call, and those that wait as something that was never asked', async () => {
    const server = new Server()
    const queue = new QuestionQueue({ send: server.send, isByTime: false })
    const [sent, waiting, later] = [question('a'), question('b'), question('c')]
    queue.add(sent)
    await turn()
    queue.add(waiting)
    const cause = new Error('away')
    const failed = Promise.allSettled([sent.answer, waiting.answer])
    await server.refuse(cause)
    const [first, second] = await failed
    assert.ok(first.status === 'rejected' && first.reason === cause)
    assert.ok(second.status === 'rejected' && second.reason instanceof UnaskedError)
    queue.add(later)
    await turn()
    await server.answer('1', 'back')
    assert.equal(await later.answer, 'back')
  })
})
