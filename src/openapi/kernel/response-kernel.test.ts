import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { makeFixture } from '../schema/fixture.ts'
import { MAX_WHOLE_BYTES } from './response-kernel.ts'
import type { KernelFilter } from './response-kernel.ts'
import type { KernelVerdict } from './verdict.ts'
import { WasmKernel } from './wasm-kernel.ts'

const WIDE: readonly string[] = Array.from({ length: 16 }, (_, index) => `a${index}`)
const SCHEMAS = {
  Wide: {
    type: 'array',
    items: { type: 'object', properties: Object.fromEntries(WIDE.map((name) => [name, {}])) },
  },
  List: { type: 'array', items: { type: 'object', properties: { id: { type: 'integer' } } } },
  Pair: { type: 'object', properties: { left: {}, right: {} } },
  Choice: {
    type: 'object',
    properties: { it: { oneOf: [{ required: ['a'] }, { required: ['b'] }] } },
  },
  Either: { oneOf: [{ properties: { a: {} } }, { properties: { b: {} } }] },
}

function kernels(): (name: keyof typeof SCHEMAS) => KernelFilter {
  const fixture = makeFixture({ components: { schemas: SCHEMAS } }, '2020-12', {
    direction: 'response',
  })
  return (name) => {
    const kernel = fixture.compiler.kernel(fixture.ref(`/components/schemas/${name}`))
    assert.ok(kernel !== undefined)
    return kernel
  }
}

async function said(kernel: KernelFilter, text: string): Promise<string> {
  const verdict = await kernel.run(Buffer.from(text))
  return verdict.kind === 'filtered' ? verdict.bytes.toString() : whyOf(verdict)
}

function whyOf(verdict: KernelVerdict): string {
  return verdict.kind === 'doubtful' ? verdict.why : verdict.kind
}

function list(count: number, extra: string): string {
  return `[${Array.from({ length: count }, (_, id) => `{"id":${id}${extra}}`).join()}]`
}

/** What `work` comes to, and how often others had their turn meanwhile. */
async function counted<T>(work: () => Promise<T>): Promise<readonly [found: T, turns: number]> {
  let turns = 0
  let isDone = false
  const tick = (): void => {
    turns += 1
    if (!isDone) setImmediate(tick)
  }
  setImmediate(tick)
  const found = await work()
  isDone = true
  return [found, turns]
}

suite('kernels of one document', () => {
  test('share a table that may grow after the first text', async () => {
    const of = kernels()
    const first = of('List')
    assert.equal(await said(first, '[{"id":1,"x":2}]'), '[{"id":1}]')
    const second = of('Pair')
    assert.equal(await said(second, '{"left":1,"x":2}'), '{"left":1}')
    assert.equal(await said(first, '[{"id":1,"left":2}]'), '[{"id":1}]')
  })

  test('have nothing for a schema that leaves all to the value', () => {
    const fixture = makeFixture({ schema: SCHEMAS.Either }, '2020-12', { direction: 'response' })
    assert.equal(fixture.compiler.kernel(fixture.ref('/schema')), undefined)
  })

  test('have nothing for a schema that is not there', () => {
    const fixture = makeFixture({}, '2020-12', { direction: 'response' })
    const ref = { uri: 'test:elsewhere', pointer: '/schema', schema: {} }
    assert.equal(fixture.compiler.kernel(ref), undefined)
  })

  test('rest longer and longer while all texts are doubtful, and not after a good one', async () => {
    const kernel = kernels()('Choice')
    const doubtful = '{"it":{"a":1}}'
    const run = async (count: number): Promise<string[]> => {
      const all: string[] = []
      for (let i = 0; i < count; i += 1) all.push(await said(kernel, doubtful))
      return all
    }
    const tried = (await run(4000)).flatMap((why, index) => (why === 'undecided' ? [index] : []))
    assert.deepEqual(tried, [0, 2, 6, 14, 30, 62, 126, 254, 510, 1022, 2046, 3070])
    let good = ''
    for (let i = 0; i < 1024 && good !== 'clean'; i += 1) good = await said(kernel, '{"it":1}')
    assert.equal(good, 'clean')
    assert.deepEqual(await run(3), ['undecided', 'resting', 'undecided'])
  })

  test('take large texts in slices, one after the other, and let others in between', async () => {
    const kernel = kernels()('List')
    const count = 40_000
    const [big, small] = [list(count, ',"x":"drop"'), list(count, ',"y":0')]
    assert.ok(small.length > MAX_WHOLE_BYTES)
    const [answers, turns] = await counted(() =>
      Promise.all([said(kernel, big), said(kernel, small), said(kernel, `${small}]`)]),
    )
    assert.deepEqual(answers, [list(count, ''), list(count, ''), 'malformed'])
    assert.ok(turns >= Math.floor(big.length / MAX_WHOLE_BYTES), `${turns} turns`)
  })

  const long = `"${'x'.repeat(200_000)}"`
  const gone = (times: number): string => `{"a0":1${',"gone":"x"'.repeat(times)},"a1":1}`
  const wide = (value: string): string => `{${WIDE.map((name) => `"${name}":${value}`).join()}}`
  const objects: readonly (readonly [name: string, small: string, large: string, says: string])[] =
    [
      ['stay', wide('1'), wide(long), 'clean'],
      ['go', gone(1), gone(200_000), `[${gone(0)},${gone(0)}]`],
    ]
  for (const [name, small, large, says] of objects) {
    test(`take a large object in slices, the members of which ${name}`, async () => {
      const kernel = kernels()('Wide')
      // The first tells the order of the members.
      const text = `[${small},${large}]`
      const [answer, turns] = await counted(() => said(kernel, text))
      assert.equal(answer, says)
      assert.ok(turns >= Math.floor(large.length / MAX_WHOLE_BYTES), `${turns} turns`)
    })
  }

  test('leave texts of more than 16 MB alone', async () => {
    assert.equal(await said(kernels()('List'), ' '.repeat(16 * 1024 * 1024 + 1)), 'no-room')
  })

  test('answer small texts while a large one is under way', async () => {
    const kernel = kernels()('List')
    const large = said(kernel, list(40_000, ',"x":1'))
    assert.equal(await said(kernel, '[{"id":1,"x":2}]'), '[{"id":1}]')
    assert.equal(await large, list(40_000, ''))
  })
})

interface Wasm {
  Instance: new (module: object) => {
    readonly exports: { readonly memory: { buffer: ArrayBuffer } }
  }
}

suite('the memory of a kernel', () => {
  const globals = globalThis as unknown as { WebAssembly: Wasm | undefined }

  /** What `make` makes, and the memory of the instance that it made. */
  function watched<T>(make: () => T): readonly [made: T, memory: () => Buffer] {
    const wasm = globals.WebAssembly as Wasm
    const { Instance } = wasm
    const instances: InstanceType<Wasm['Instance']>[] = []
    wasm.Instance = class extends Instance {
      constructor(module: object) {
        super(module)
        instances.push(this)
      }
    }
    try {
      const made = make()
      return [made, () => Buffer.from(instances[0]?.exports.memory.buffer ?? new ArrayBuffer(0))]
    } finally {
      wasm.Instance = Instance
    }
  }

  test('keeps of a member that goes its name, and nothing behind it', async () => {
    const [filter, memory] = watched(() => kernels()('List'))
    for (const text of ['[{"id":1,"x":"hush"}]', '[{"z":"hush"}]'])
      await filter.run(Buffer.from(text))
    assert.ok(memory().indexOf(',"x":') >= 0)
    assert.equal(memory().indexOf('hush'), -1)
  })

  test('holds nothing of a text once its run has ended', () => {
    const [kernel, made] = watched(() => WasmKernel.make())
    assert.ok(kernel !== undefined)
    const secrets = [
      '{"name-of-a-secret":"value-of-a-secret"',
      '[{"name-of-a-secret":1},[]]',
      '"value-of-a-secret"',
    ]
    for (const text of [...secrets, '{"a":{"name-of-a-secret":"value-of-a-secret","x":1}}']) {
      kernel.run(Buffer.from(text.repeat(1)), refuseAll(), 0)
      const memory = made()
      assert.ok(memory.length > 100_000)
      assert.equal(memory.indexOf('of-a-secret'), -1, text)
    }
  })

  test('is not made where there is no WebAssembly', () => {
    const wasm = globals.WebAssembly
    globals.WebAssembly = undefined
    const kernel = WasmKernel.make()
    globals.WebAssembly = wasm
    assert.equal(kernel, undefined)
  })
})

/** A table with one state that lists nothing: every member of an object goes, arrays become null. */
function refuseAll(): Uint8Array {
  const table = Buffer.alloc(40)
  table.writeUInt8(2, 1)
  table.writeUInt8(1, 2)
  table.writeUInt32LE(32, 12)
  table.writeInt32LE(-2, 16)
  return table
}
