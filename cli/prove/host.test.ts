import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { RangeHosts } from './host.ts'

suite('processes of the range', () => {
  test('one that is as before serves again, another one never', async (t) => {
    const hosts = new RangeHosts(new AbortController().signal)
    t.after(() => hosts.close())
    const first = hosts.take()
    await hosts.giveBack(first, true)
    assert.equal(hosts.take(), first)
    await hosts.giveBack(first, false)
    assert.notEqual(hosts.take(), first)
  })

  test('one that is gone says so, and serves nobody', async (t) => {
    const hosts = new RangeHosts(new AbortController().signal)
    t.after(() => hosts.close())
    const gone = hosts.take()
    gone.kill()
    await assert.rejects(gone.ask({ kind: 'importKey', text: '' }), /^Error: the gateway ended: /)
    await hosts.giveBack(gone, true)
    assert.notEqual(hosts.take(), gone)
  })

  test('ends with the run that was given up', async () => {
    const abort = new AbortController()
    const hosts = new RangeHosts(abort.signal)
    const asked = hosts.take().ask({ kind: 'importKey', text: '' })
    abort.abort()
    await assert.rejects(asked)
  })

  test('what takes too long is a fault', async (t) => {
    const hosts = new RangeHosts(new AbortController().signal)
    t.after(() => hosts.close())
    await assert.rejects(hosts.take().ask({ kind: 'end' }, 1), /took longer than 0.001 s: end/)
  })
})
