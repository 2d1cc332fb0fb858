import type { Command } from 'commander'
import { isAsExpected, play } from './demo/play.ts'
import type { Played } from './demo/play.ts'
import { openDemo } from './demo/range.ts'
import type { DemoRange } from './demo/range.ts'
import { ATTACKS, HONEST } from './demo/tries.ts'
import type { Try } from './demo/tries.ts'

/** `sallyport demo`: the careless shop behind the gateway, and what to try on both. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('run the example shop behind the gateway and print what to try')
    .option('--try', 'play every line on both sides, print what happened, and exit')
    .option('--json', 'with --try: print the results as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  sallyport demo\n  sallyport demo --try\n\nExit codes: 0 stopped, or every try went as it should; 1 one did not, or the demo could not start.',
    )
    .action(demo)
}

async function demo(options: { readonly try?: true; readonly json?: true }): Promise<void> {
  const range = await openDemo()
  if (options.try === true) {
    process.exitCode = (await playAll(range, options.json === true)) ? 0 : 1
    await range.close()
    return
  }
  print(range)
  await stopped()
  await range.close()
}

function stopped(): Promise<void> {
  return new Promise((done) => {
    process.once('SIGINT', () => done())
    process.once('SIGTERM', () => done())
  })
}

function print(range: DemoRange): void {
  console.log(`The careless shop runs on   ${range.shop.url}`)
  console.log(
    `Sallyport guards it on      ${range.gatewayUrl}   (log: ${range.folder}/sallyport.log)`,
  )
  console.log('\nPaste this first:\n')
  console.log(`  SHOP=${range.shop.url} GATE=${range.gatewayUrl}`)
  console.log(`  CA="--cacert ${range.caFile}"`)
  console.log(`  KEY=${range.key}`)
  console.log(`  ALICE=${range.tokens.alice}`)
  console.log(`  BOB=${range.tokens.bob}`)
  console.log('\nFive attacks: each works on $SHOP. Then put $GATE in its place.\n')
  for (const one of ATTACKS) printTry(one)
  console.log('Honest calls: they work on both.\n')
  for (const one of HONEST) printTry(one)
  console.log('Play them all at once: npm exec -- sallyport demo --try     Stop: Ctrl+C')
}

function printTry(one: Try): void {
  console.log(`  # ${one.title}; through Sallyport: ${outcome(one)}`)
  const call = curl(one)
  console.log(
    `  ${one.times === undefined ? call : `for i in $(seq ${one.times}); do ${call}; done`}\n`,
  )
}

function outcome(one: Try): string {
  return one.expected === 200 && one.shows.includes('passwordHash')
    ? '200 without the hash'
    : String(one.expected)
}

function curl(one: Try): string {
  const method = one.method === 'GET' ? '' : ` -X ${one.method}`
  const body = one.json === undefined ? '' : ` -H 'Content-Type: application/json' -d '${one.json}'`
  const credential = {
    key: ' -H "X-API-Key: $KEY"',
    alice: ' -H "Authorization: Bearer $ALICE"',
    bob: ' -H "Authorization: Bearer $BOB"',
    nobody: '',
  }[one.as]
  return `curl -s -w '\\n%{http_code}\\n' $CA${method}${credential}${body} "$SHOP${one.target}"`
}

async function playAll(range: DemoRange, isJson: boolean): Promise<boolean> {
  const rows: (Played & { readonly kind: 'attack' | 'honest'; readonly ok: boolean })[] = []
  for (const [kind, tries] of [
    ['attack', ATTACKS],
    ['honest', HONEST],
  ] as const) {
    for (const one of tries) {
      const played = await play(one, range)
      rows.push({ ...played, kind, ok: isAsExpected(one, played, kind) })
    }
  }
  if (isJson) console.log(JSON.stringify(rows, undefined, 2))
  else for (const row of rows) console.log(line(row))
  return rows.every(({ ok }) => ok)
}

function line(row: Played & { readonly kind: string; readonly ok: boolean }): string {
  const shop = `${row.shop.status}${row.kind === 'attack' && row.shop.shows ? ' works' : ''}`
  return [
    row.ok ? 'ok  ' : 'FAIL',
    row.kind.padEnd(7),
    row.title.padEnd(48),
    `shop ${shop.padEnd(10)}`,
    `sallyport ${row.gateway.status}${row.kind === 'attack' && row.gateway.status < 400 ? ' without it' : ''}`,
  ].join(' ')
}
