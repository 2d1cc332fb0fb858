import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { ConfigFault } from '../../base/config-error.ts'
import type { RequestParts } from '../../controls/testing/exchange.ts'
import { MemoryCounters } from '../../store/memory-counters.ts'
import { answerKeyCall } from '../../store/remote-keys.ts'
import { KeyVersions, newKeyVersions } from '../../store/shared/key-versions.ts'
import { ownNumbers } from '../../telemetry/numbers.ts'
import { createSink, SINK_LIMITS } from '../../telemetry/sink.ts'
import type { AdoptNote } from '../adopt/notes.ts'
import type { Gateway } from '../gateway.ts'
import { drive } from '../testing/core-bench.ts'
import { CONFIG, DOCUMENT, gatewayFolder } from '../testing/gateway-folder.ts'
import { FollowerGateway } from './follower.ts'
import { pack, unpack } from './portable.ts'
import type { Followers, PlanSnapshot } from './snapshot.ts'

const OWN = { host: 'localhost', tls: 'localhost', peer: '127.0.0.1' }
const MOVED = DOCUMENT.replace('/health:', '/healthy:')

async function statusOf(
  gateway: Gateway | FollowerGateway,
  parts: RequestParts = {},
): Promise<number> {
  return (await drive(gateway.core, { ...OWN, target: '/v1/health', ...parts })).answer.status
}

const pass = (snapshot: PlanSnapshot): PlanSnapshot =>
  unpack(structuredClone(pack(snapshot))) as PlanSnapshot

/** Threads that say what they are told to say, and remember what they were asked. */
function tellingFollowers(
  faults: readonly ConfigFault[],
): Followers & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    prepare: (snapshot) => {
      asked.push(`prepare ${snapshot.texts.length}`)
      return Promise.resolve(faults)
    },
    commit: () => {
      asked.push('commit')
      return Promise.resolve()
    },
    abandon: () => void asked.push('abandon'),
  }
}

suite('a gateway that other threads follow', () => {
  test('puts a plan in force once all of them are ready', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    const followers = tellingFollowers([])
    gateway.followedBy(followers)
    at.write('openapi.yaml', MOVED)
    assert.ok((await gateway.reload(() => at.next())).ok)
    assert.deepEqual(followers.asked, ['prepare 1', 'commit'])
    assert.equal(await statusOf(gateway, { target: '/v1/healthy' }), 200)
  })

  test('keeps its plan when one of them cannot follow, and says why', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    const followers = tellingFollowers([{ path: '', message: 'no room' }])
    gateway.followedBy(followers)
    at.write('openapi.yaml', MOVED)
    const result = await gateway.reload(() => at.next())
    assert.deepEqual(result, { ok: false, faults: [{ path: '', message: 'no room' }] })
    assert.deepEqual(followers.asked, ['prepare 1', 'abandon'])
    assert.equal(await statusOf(gateway), 200)
    const rejected = (await at.events(gateway)).filter(
      ({ action }) => action === 'sp_config_rejected',
    )
    assert.equal(rejected.length, 1)
  })

  test('does not ask them about a plan that it cannot compile itself', async (t) => {
    const at = gatewayFolder(t)
    const gateway = await at.start()
    const followers = tellingFollowers([])
    gateway.followedBy(followers)
    at.write('openapi.yaml', 'openapi: 3.1.0\n')
    assert.equal((await gateway.reload(() => at.next())).ok, false)
    assert.deepEqual(followers.asked, [])
  })
})

/** A gateway and one that follows it as if it ran in another thread. */
async function startFollower(t: TestContext, config: string = CONFIG) {
  const at = gatewayFolder(t, config)
  const memory = newKeyVersions()
  const versions = new KeyVersions(memory)
  const gateway = await at.start({
    shared: {
      numbers: ownNumbers,
      openSink: () => silent(),
      counters: new MemoryCounters(),
      onKeyChange: (id) => versions.changed(id),
    },
  })
  const notes: AdoptNote[] = []
  const follower = new FollowerGateway({
    version: '1',
    snapshot: pass(gateway.snapshot()),
    secretsText: gateway.services.secretsText,
    counters: new MemoryCounters(),
    versions: new KeyVersions(memory),
    numbers: ownNumbers,
    askKeys: (call) => answerKeyCall(gateway.services.records.keys, structuredClone(call)),
    openSink: () => silent(),
    tellNotes: (told) => void notes.push(...told),
  })
  t.after(() => follower.close())
  return { at, gateway, follower, notes }
}

function silent() {
  const outlet = {
    write: (chunk: Buffer, done: (error: undefined, written: number) => void) =>
      done(undefined, chunk.length),
    close: () => undefined,
  }
  return createSink({ name: 'silent', limits: SINK_LIMITS, watch: {}, open: () => outlet })
}

suite('a gateway that follows', () => {
  test('decides as the one it follows, keys included', async (t) => {
    const { gateway, follower } = await startFollower(t)
    const { key, row } = await gateway.services.keys.admin.create({}, Date.now())
    const keyed = { target: '/v1/orders', headers: ['X-API-Key', key.reveal()] }
    assert.equal(await statusOf(follower), 200)
    assert.equal(await statusOf(follower, { target: '/v1/orders' }), 401)
    assert.equal(await statusOf(follower, keyed), 200)
    await gateway.services.keys.admin.revoke(row.id, 'test', Date.now())
    assert.equal(await statusOf(follower, keyed), 401)
  })

  test('changes its plan when it is told to, not when it is prepared', async (t) => {
    const { at, gateway, follower } = await startFollower(t)
    at.write('openapi.yaml', MOVED)
    assert.ok((await gateway.reload(() => at.next())).ok)
    assert.deepEqual(follower.prepare(pass(gateway.snapshot())), [])
    assert.equal(await statusOf(follower), 200)
    follower.commit()
    assert.equal(await statusOf(follower), 404)
    assert.equal(await statusOf(follower, { target: '/v1/healthy' }), 200)
  })

  test('forgets what it prepared when it is told to', async (t) => {
    const { at, gateway, follower } = await startFollower(t)
    at.write('openapi.yaml', MOVED)
    assert.ok((await gateway.reload(() => at.next())).ok)
    follower.prepare(pass(gateway.snapshot()))
    follower.abandon()
    follower.commit()
    assert.equal(await statusOf(follower), 200)
  })

  test('reads nothing from disk: the plan is what it was handed', async (t) => {
    const { at, gateway, follower } = await startFollower(t)
    at.write('openapi.yaml', 'broken')
    assert.deepEqual(follower.prepare(pass(gateway.snapshot())), [])
  })

  test('says what stands in the way of a plan that cannot be compiled', async (t) => {
    const { gateway, follower } = await startFollower(t)
    const snapshot = { ...pass(gateway.snapshot()), texts: [] }
    const [fault] = follower.prepare(snapshot)
    assert.match(fault?.message ?? '', /not read before/)
    follower.commit()
    assert.equal(await statusOf(follower), 200)
  })

  test('takes what adoption learns to the one that keeps the books', async (t) => {
    const config = `${CONFIG}profile: { name: adopt, until: 2099-01-01 }\n`
    const { follower, notes } = await startFollower(t, config)
    await statusOf(follower, { target: '/v1/unknown' })
    await statusOf(follower)
    await follower.close()
    assert.deepEqual(
      notes.map((note) => (note.kind === 'call' ? note.operation : note.learnt.kind)),
      ['undeclared-operation', 'health'],
    )
  })
})
