import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { inspect } from '../../cli/inspect.ts'

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

type Files = Readonly<Record<string, unknown>>

suite('the guide to an API that nobody here wrote', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'sallyport-guide-'))
  after(() => rmSync(scratch, { recursive: true }))
  const blocks = blocksOf(readFileSync(GUIDE, 'utf8'))
  let folders = 0
  const folderOf = (files: Files): string => {
    const folder = join(scratch, String(folders++))
    cpSync(new URL('openapi.yaml', GARAGE), join(folder, 'openapi.yaml'))
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(folder, name), stringify(content))
    return folder
  }
  let files: Files = {}
  const commands: [text: string, files: Files][] = []
  for (const { kind, text } of blocks) {
    const name = /^# (\S+\.yaml)\n/.exec(text)?.[1]
    if (kind === 'yaml' && name !== undefined)
      files = { ...files, [name]: merged(files[name], parse(text)) }
    if (kind === 'console') commands.push([text, text.includes(' init ') ? {} : files])
  }

  test('commands print what it says', async () => {
    assert.ok(commands.length > 4)
    await Promise.all(
      commands.map(async ([text, before]) => {
        const [command = '', ...lines] = text.trimEnd().split('\n')
        const { output, code } = await run(folderOf(before), command.replace(/^\$ /, ''))
        const isFaulty = lines.some((line) => / faults?$/.test(line))
        assert.equal(code, isFaulty ? 1 : 0, `${command}\n${output}`)
        for (const part of lines.flatMap((line) => line.split('…')))
          assert.ok(output.includes(part.trim()), `${command} does not print ${part}\n${output}`)
      }),
    )
  })

  for (const name of ['sallyport.yaml', 'security.overlay.yaml'])
    test(`its blocks together are the ${name} of the garage`, () => {
      assert.deepEqual(files[name], parse(readFileSync(new URL(name, GARAGE), 'utf8')))
    })

  test('what it writes for a while, or for others, loads as well', async () => {
    const others = blocks.filter(({ text }) => /^# \S+\.yaml, for /.test(text))
    assert.ok(others.length > 2)
    for (const { text } of others) {
      const name = /^# ([^,]+)/.exec(text)?.[1] ?? ''
      const folder = folderOf({ ...files, [name]: merged(files[name], parse(text)) })
      // oxlint-disable-next-line no-await-in-loop
      const { faults } = await inspect({ config: join(folder, 'sallyport.yaml') })
      assert.deepEqual(faults, [], text)
    }
  })

  test('what it says of other APIs is YAML, too', () => {
    for (const { kind, text } of blocks) if (kind === 'yaml') assert.ok(parse(text) !== null, text)
  })

  test('its links lead somewhere', () => {
    for (const [, path = ''] of readFileSync(GUIDE, 'utf8').matchAll(/\]\((?!http|#)([^)#]+)/g))
      assert.ok(existsSync(new URL(path, GUIDE)), path)
  })
})
