import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { NetworkPolicy } from '../../pipeline/network-policy.ts'
import { faultsOf, settingsOf } from './config-fixture.ts'
import { policyFor } from './policy-for.ts'

const MOMENT = { nowMs: 0, graduated: new Set<string>(), certificateNames: [] }
const FILES = {
  'deny.cidr': '# bad ones\n203.0.113.0/24 ; SBL1\n\n2001:db8::/32\r\n',
  'broken.cidr': '203.0.113.0/24\n203.0.113.300\n',
  'empty.cidr': '# nobody yet\n',
}

async function networkOf(
  t: TestContext,
  text: string,
  id = 'getUser',
): Promise<NetworkPolicy | undefined> {
  const settings = await settingsOf(t, text, { files: FILES })
  const subject = { api: 'api', id, method: 'GET', template: '/x', tags: [], security: undefined }
  return policyFor(settings, subject, MOMENT).network
}

suite('network', () => {
  test('is from anywhere unless said', async (t) => assert.equal(await networkOf(t, ''), undefined))

  test('takes addresses out of files, comments left out', async (t) => {
    const network = await networkOf(t, 'network: { deny: [10.0.0.1, file:deny.cidr] }')
    assert.deepEqual(network?.addresses, {
      allow: [],
      deny: ['10.0.0.1', '203.0.113.0/24', '2001:db8::/32'],
    })
  })

  test('follows its files', async (t) => {
    const settings = await settingsOf(t, 'network: { lists: { bad: { file: file:deny.cidr } } }', {
      files: FILES,
    })
    assert.equal(settings.blocks.network?.lists[0]?.addresses.length, 2)
  })

  test('of a rule lays its keys over those of wider rules', async (t) => {
    const rules = `rules:
  - { method: GET, network: { allow: [10.0.0.0/8], countries: { allow: [DE] } } }
  - { operation: getUser, network: { allow: [192.0.2.0/24] } }`
    const own = await networkOf(t, rules)
    assert.deepEqual(own?.operation?.addresses.allow, ['192.0.2.0/24'])
    assert.deepEqual(own?.operation?.countries?.allow, ['DE'])
    const alone = 'rules: [{ operation: getUser, network: { allow: [192.0.2.0/24] } }]'
    assert.equal(await networkOf(t, alone, 'other'), undefined)
  })

  test('a rule about countries needs a database, and one comes along', async (t) => {
    const bare = await settingsOf(t, 'network: { deny: [10.0.0.1] }')
    assert.equal(bare.places, undefined)
    const bundled = await settingsOf(t, 'network: { countries: { deny: [XX] } }')
    assert.equal(bundled.places?.maxAgeMs, Infinity)
    const own = await settingsOf(t, 'network: { geo: file:own.mmdb }')
    assert.equal(own.places?.maxAgeMs, 45 * 86_400_000)
  })

  const faults: [name: string, text: string, expected: RegExp][] = [
    ['an entry that is no address', 'network: { deny: [nowhere] }', /not an address/],
    ['an address beyond its prefix', 'network: { allow: [10.0.0.1/8] }', /beyond its prefix/],
    ['a file that is not there', 'network: { deny: [file:gone.cidr] }', /not found/],
    [
      'a line of a file',
      'network: { deny: [file:broken.cidr] }',
      /broken\.cidr:2: "203\.0\.113\.300"/,
    ],
    ['an allow list without an entry', 'network: { allow: [file:empty.cidr] }', /names no address/],
    ['a country in small letters', 'network: { countries: { allow: [de] } }', /not a country/],
    ['an unknown key', 'network: { block: [10.0.0.1] }', /block/],
  ]
  for (const [name, text, expected] of faults)
    test(`refuses ${name}`, async (t) => {
      const found = await faultsOf(
        t,
        `openapi: ./openapi.yaml\nupstream: http://127.0.0.1:3000\n${text}`,
        { files: FILES },
      )
      assert.match(found.map(({ message }) => message).join('\n'), expected)
    })
})
