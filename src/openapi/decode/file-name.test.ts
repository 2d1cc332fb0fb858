import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { namesOtherType } from './file-name.ts'

suite('names of uploaded files', () => {
  const cases: [name: string, fileName: string, declared: string, isOther: boolean][] = [
    ['a page under XML says another type', 'a.html', 'text/xml, application/xml', true],
    ['XML under XML fits', 'a.xml', 'text/xml, application/xml', false],
    ['XML under a type of its own fits', 'a.xml', 'application/rss+xml', false],
    ['a picture under any picture fits', 'a.PNG', 'image/*', false],
    ['a picture that is drawn by a program is one', 'a.svg', 'image/png, image/jpeg', true],
    ['a program under a picture says another type', 'a.php', 'image/png', true],
    ['a program before the last end is one for some servers', 'a.php.png', 'image/png', true],
    ['a dot in the middle is no end', 'a.html.png', 'image/png', false],
    ['an end with a space behind it is the same', 'a.php .png', 'image/png', true],
    ['a name without an end passes', 'README', 'text/plain', false],
    ['an end that nobody knows passes', 'a.dat', 'image/png', false],
    ['where any bytes are taken every name passes', 'a.php', 'application/octet-stream', false],
    ['where every type is taken every name passes', 'a.exe', '*/*', false],
  ]
  for (const [name, fileName, declared, isOther] of cases)
    test(name, () => assert.equal(namesOtherType(fileName, declared.split(',')), isOther))

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (fileName, declared) => {
        assert.equal(typeof namesOtherType(fileName, declared), 'boolean')
      }),
    )
  })
})
