import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse, stringify } from 'yaml'
import { makeFolder, runCli } from '../cli/testing/cli-process.ts'

// The guide is run from top to bottom: its file, its commands, and what they print.

const GUIDE = new URL('../docs/guide/move-from-kong.md', import.meta.url)

/** Lines as they must appear, in their order; `…` stands for anything. */
function assertPrints(output: string, expected: readonly string[], line: string): void {
  let at = 0
  for (const wanted of expected) {
    if (wanted === '…' || wanted.trim() === '') continue
    const words = wanted.trim().split(/\s+/)
    const pattern = words.map((word) =>
      word === '…' ? '\\S+' : word.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
    )
    const found = new RegExp(pattern.join('\\s+')).exec(output.slice(at))
    assert.ok(found !== null, `${line}: ${wanted}\n${output}`)
    at += found.index + found[0].length
  }
}

test('the guide from Kong does what it says', async (t) => {
  const folder = makeFolder(t, {})
  const file = join(folder, 'kong.yaml')
  let kong: Record<string, unknown> | undefined
  for (const [, kind, text = ''] of readFileSync(GUIDE, 'utf8').matchAll(
    /^```(\w+)\n([\s\S]*?)^```$/gm,
  )) {
    if (kind === 'yaml' && text.startsWith('# orders.yaml')) {
      writeFileSync(join(folder, 'orders.yaml'), text)
      continue
    }
    if (kind === 'yaml') {
      const block = parse(text) as Record<string, unknown>
      const isFirst = kong === undefined
      kong = { ...kong, ...block }
      writeFileSync(file, isFirst ? text : stringify(kong))
      continue
    }
    for (const command of text.split(/^\$ /m).slice(1)) {
      const [line = '', ...expected] = command.split('\n')
      const { stdout, stderr } = await runCli(folder, ...line.split(' ').slice(1))
      assertPrints(
        `${stdout}\n${stderr}`,
        expected.map((one) => one.replace(/^error /, '')),
        line,
      )
    }
  }
  rmSync(file)
})
