import type { Filter } from '../../schema/contract.ts'
import type { Place } from '../../schema/filter-place.ts'
import { makeFixture } from '../../schema/fixture.ts'
import { FilterCompiler } from '../../schema/filter.ts'
import { SchemaCompiler } from '../../schema/compiler.ts'
import { KernelTable } from '../table.ts'
import type { KernelVerdict } from '../verdict.ts'
import { WasmKernel } from '../wasm-kernel.ts'
import { TableReader } from './table-reader.ts'
import { filterPlainly } from './twin.ts'

/** One schema behind everything that filters: the kernel, its twin, the filter of values. Tests and bench only. */
export interface Filters {
  readonly action: number
  kernel(body: Buffer): KernelVerdict
  sliced(body: Buffer, sliceBytes: number): Promise<KernelVerdict>
  twin(body: Buffer): KernelVerdict
  readonly filter: Filter
  /** The kernel and its twin, less what `cover` hides. */
  less(cover: Place): Runs
  /** The kernel for the cover alone. */
  only(cover: Place): Runs
}

/** One text through a kernel, and through the twin. */
export interface Runs {
  kernel(body: Buffer): KernelVerdict
  twin(body: Buffer): KernelVerdict
}

/** Compiles `schema`, which may refer to others of `schemas` by `#/components/schemas/NAME`. */
export function filtersOf(
  schema: unknown,
  schemas: Readonly<Record<string, unknown>> = {},
): Filters {
  const root = { schema, components: { schemas } }
  const fixture = makeFixture(root, '2020-12', { direction: 'response', unknownFields: 'allow' })
  const compiler = new FilterCompiler(
    new SchemaCompiler({ ...fixture.compiler.options, refusesHidden: false }),
  )
  const table = new KernelTable()
  const ref = fixture.ref('/schema')
  const place = compiler.placeOf(ref)?.place
  const action = table.add(place)
  const kernel = WasmKernel.make()
  if (kernel === undefined) throw new Error('there is no WebAssembly with SIMD here')
  const reader = new TableReader(table.bytes)
  const runs = (added: number): Runs => ({
    kernel: (body) => kernel.run(body, table.bytes, added),
    twin: (body) => filterPlainly(body, new TableReader(table.bytes), added),
  })
  return {
    action,
    kernel: (body) => kernel.run(body, table.bytes, action),
    sliced: (body, sliceBytes) =>
      kernel.runInSlices(
        body,
        { table: table.bytes, action },
        {
          sliceBytes,
          pause: () => Promise.resolve(),
        },
      ),
    twin: (body) => filterPlainly(body, reader, action),
    filter: compiler.filter(ref),
    less: (cover) => runs(table.add(place, cover)),
    only: (cover) => runs(table.add(cover)),
  }
}
