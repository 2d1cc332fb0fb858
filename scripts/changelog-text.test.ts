import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changelog } from './changelog-text.ts'

test('puts changes under their section, sections in order, changes by name', () => {
  const { text, faults } = changelog('1.2.0', [
    { section: 'fix', file: 'b.md', text: 'Second\nfix.\n' },
    { section: 'fix', file: 'a.md', text: 'First fix.\n' },
    { section: 'security', file: 'z.md', text: 'Closes a hole.' },
  ])
  assert.deepEqual(faults, [])
  assert.match(
    text,
    /## 1\.2\.0\n\n### Security\n\n- Closes a hole\.\n\n### Fixed\n\n- First fix\.\n- Second fix\.\n$/,
  )
  assert.doesNotMatch(text, /### New/)
})

const refused: [name: string, section: string, file: string, text: string, fault: RegExp][] = [
  ['an unknown section', 'misc', 'a.md', 'A.', /changes\/misc\/a\.md is in no known section/],
  ['a name in another case', 'fix', 'A_b.md', 'A.', /kebab-case/],
  ['a file that is no Markdown', 'fix', 'a.txt', 'A.', /kebab-case/],
  ['two sentences', 'fix', 'a.md', 'A. Then B.', /not one sentence/],
  ['half a sentence', 'fix', 'a.md', 'A', /not one sentence/],
  ['an empty file', 'fix', 'a.md', '\n', /not one sentence/],
]
for (const [name, section, file, text, fault] of refused) {
  test(`refuses ${name} and leaves it out`, () => {
    const result = changelog('1.2.0', [{ section, file, text }])
    assert.match(result.faults.join(), fault)
    assert.doesNotMatch(result.text, /^- /m)
  })
}
