import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { asker } from '../../kit/ask.ts'
import type { Asker } from '../../kit/ask.ts'
import { startGateway } from '../../kit/gateway.ts'
import type { TestGateway } from '../../kit/gateway.ts'
import { clientAddress } from '../../kit/problem.ts'
import type { Stranger } from './serve.ts'
import type { Check, World } from './world.ts'

/** One API, its checks and the folder with its document and policy. */
export interface Rehearsal {
  readonly name: string
  readonly folder: URL
  /** Loopback network of its clients: limits are counted per address. */
  readonly net: number
  readonly start: () => Promise<Stranger>
  readonly holes: readonly Check[]
  readonly honest: readonly Check[]
  readonly logIn: (world: Pick<World, 'ask'>, name: string) => Promise<string>
}

/** Every hole works on the API itself and none behind the gateway; every honest call works on both. */
export function rehearse(plan: Rehearsal): void {
  suite(`${plan.name}, as it is`, () => {
    let stranger: Stranger
    let direct: Asker
    before(async () => {
      stranger = await plan.start()
      direct = asker(stranger.port)
    })
    after(async () => {
      direct.close()
      await stranger.close()
    })
    for (const check of [...plan.holes, ...plan.honest])
      test(`${check.name}: ${check.gains}`, async () => {
        stranger.reset()
        assert.equal(await check.works(worldOf(plan, direct, stranger)), true)
      })
  })

  suite(`${plan.name}, behind the policy of the guide`, () => {
    let stranger: Stranger
    let gateway: TestGateway
    let through: Asker | undefined
    before(async () => {
      stranger = await plan.start()
      const read = (name: string): string => readFileSync(new URL(name, plan.folder), 'utf8')
      const started = startGateway({
        yaml: read('sallyport.yaml').replace(/^upstream: .*$/m, `upstream: ${stranger.url}`),
        files: {
          'openapi.yaml': read('openapi.yaml'),
          'security.overlay.yaml': read('security.overlay.yaml'),
        },
      })
      // A policy that does not load ends the suite at once.
      started.catch(() => stranger.close())
      gateway = await started
      through = asker(gateway.httpsPort, gateway.ca)
    })
    after(async () => {
      if (through === undefined) return
      through.close()
      await Promise.all([gateway.close(), stranger.close()])
    })
    for (const [checks, wanted] of [
      [plan.holes, false],
      [plan.honest, true],
    ] as const)
      for (const check of checks)
        test(`${check.name}: ${wanted ? check.gains : 'closed'}`, async () => {
          stranger.reset()
          assert.equal(
            await check.works(worldOf(plan, through!, stranger)),
            wanted,
            await gateway.logText(),
          )
        })
  })
}

let clients = 0

function worldOf(plan: Rehearsal, asker: Asker, { port }: Stranger): World {
  const from = clientAddress(plan.net, clients++)
  const ask: World['ask'] = (call) => asker.ask({ from, ...call })
  return {
    ask,
    apiPort: port,
    as: async (name) => ({ authorization: `Bearer ${await plan.logIn({ ask }, name)}` }),
  }
}
