import { parseArgs } from 'node:util'
import { startShop } from './server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '3000' },
    database: { type: 'string', default: ':memory:' },
    quiet: { type: 'boolean', default: false },
    'gateway-keys': { type: 'string' },
    audience: { type: 'string', default: 'api' },
  },
})

const keys = values['gateway-keys']
const shop = await startShop({
  port: Number(values.port),
  database: values.database,
  quiet: values.quiet,
  ...(keys === undefined ? {} : { gateway: { keys, audience: values.audience } }),
})
console.log(`The careless shop listens on ${shop.url} (this machine only).`)
for (const { email, password } of Object.values(shop.users)) console.log(`  ${email}  ${password}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void shop.close())
}
