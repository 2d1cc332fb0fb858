import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'

// The guide is a file of the rehearsal: its blocks, put together in order, are the policy of the garage, every step of
// it loads, and what it says commands print is what they print.

const GUIDE = new URL('../../docs/guide/put-in-front.md', import.meta.url)
const GARAGE = new URL('garage/', import.meta.url)
const COMMAND = fileURLToPath(new URL('../../cli/sallyport.mjs', import.meta.url))

type Tree = { [name: string]: unknown }

interface Block {
  readonly kind: string
  readonly text: string
}

function blocksOf(markdown: string): readonly Block[] {
  return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, kind = '', text = '']) => ({
    kind,
    text,
  }))
}

/** Blocks add to what is there: members to members, actions to actions. */
function merged(before: unknown, more: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(more)) return [...before, ...more]
  if (!isTree(before) || !isTree(more)) return more
  const names = new Set([...Object.keys(before), ...Object.keys(more)])
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      name in more ? merged(before[name], more[name]) : before[name],
    ]),
  )
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function run(folder: string, line: string): Promise<{ code: number; output: string }> {
  const args = line.split(' ').slice(1)
  return new Promise((resolve) =>
    execFile(process.execPath, [COMMAND, ...args], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    ),
  )
}

suite('the guide to an API that nobody here wrote', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-guide-'))
  after(() => rmSync(folder, { recursive: true }))
  cpSync(new URL('openapi.yaml', GARAGE), join(folder, 'openapi.yaml'))
  const files: Record<string, unknown> = {}
  const write = (): void => {
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(folder, name), stringify(content))
  }

  test('each step loads, and prints what the guide says', async () => {
    for (const { kind, text } of blocksOf(readFileSync(GUIDE, 'utf8'))) {
      const name = /^# (\S+\.yaml)\n/.exec(text)?.[1]
      if (kind === 'yaml' && name !== undefined) {
        files[name] = merged(files[name], parse(text))
        write()
      }
      if (kind !== 'console') continue
      const [command = '', ...lines] = text.trimEnd().split('\n')
      // oxlint-disable-next-line no-await-in-loop
      const { output, code } = await run(folder, command.replace(/^\$ /, ''))
      const isFaulty = lines.some((line) => / faults?$/.test(line))
      assert.equal(code, isFaulty ? 1 : 0, `${command}\n${output}`)
      for (const line of lines)
        for (const part of line.split('…'))
          assert.ok(output.includes(part.trim()), `${command} does not print ${part}\n${output}`)
      if (command.includes(' init ')) rmSync(join(folder, 'sallyport.yaml'))
    }
  })

  for (const name of ['sallyport.yaml', 'security.overlay.yaml'])
    test(`its blocks together are the ${name} of the garage`, () => {
      assert.deepEqual(files[name], parse(readFileSync(new URL(name, GARAGE), 'utf8')))
    })

  test('what it says of other APIs is YAML, too', () => {
    for (const { kind, text } of blocksOf(readFileSync(GUIDE, 'utf8')))
      if (kind === 'yaml') assert.ok(parse(text) !== null, text)
  })

  test('its links lead somewhere', () => {
    for (const [, path = ''] of readFileSync(GUIDE, 'utf8').matchAll(/\]\((?!http|#)([^)#]+)/g))
      assert.ok(existsSync(new URL(path, GUIDE)), path)
  })
})
