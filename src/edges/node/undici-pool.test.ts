import { callContract } from '../testing/call-contract.ts'
import { poolContract } from '../testing/pool-contract.ts'
import { tlsContract } from '../testing/tls-contract.ts'
import { UndiciPool } from './undici-pool.ts'

poolContract((target) => new UndiciPool(target))
callContract((target) => new UndiciPool(target))
tlsContract((target) => new UndiciPool(target))
