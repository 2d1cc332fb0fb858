import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { CallWriter } from './call-text.ts'
import { Shape } from './policy-lines.ts'
import { FIRST_MARK, MARK_BASE, NAME_CHARS } from './scripts.ts'

const nameOf = (place: number): string => `sp:b:{${String(place).padStart(NAME_CHARS - 7, '0')}}`

/** Reads as the script does. */
function read({ lines, shapes }: { readonly lines: string; readonly shapes: string }) {
  const texts = shapes.split(' ')
  const width = NAME_CHARS + 3
  assert.equal(lines.length % width, 0)
  return Array.from({ length: lines.length / width }, (_, row) => {
    const line = lines.slice(row * width, (row + 1) * width)
    const high = line.charCodeAt(NAME_CHARS + 1) - FIRST_MARK
    const low = line.charCodeAt(NAME_CHARS + 2) - FIRST_MARK
    return [line[0], line.slice(1, NAME_CHARS + 1), texts[high * MARK_BASE + low]]
  })
}

suite('the text of a call', () => {
  test('says each line with its shape, whatever was written before', () => {
    const writer = new CallWriter()
    const shapes = Array.from({ length: 300 }, (_, place) => new Shape(`b,${place},1`))
    const call = fc.array(fc.nat({ max: shapes.length - 1 }), { minLength: 1, maxLength: 400 })
    fc.assert(
      fc.property(fc.array(call, { maxLength: 3 }), (calls) => {
        for (const places of calls) {
          const said = places.map((place, row) => {
            const shape = shapes[place] ?? new Shape('x')
            writer.add({ what: 't', name: nameOf(row), shape })
            return ['t', nameOf(row), shape.text]
          })
          assert.deepEqual(read(writer.take()), said)
        }
      }),
    )
  })

  test('says a shape once', () => {
    const writer = new CallWriter()
    const shape = new Shape('w,1,2,3,4')
    for (let row = 0; row < 3; row++) writer.add({ what: 't', name: nameOf(row), shape })
    assert.equal(writer.take().shapes, shape.text)
  })
})
