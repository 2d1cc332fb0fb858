import { callContract } from '../testing/call-contract.ts'
import { poolContract } from '../testing/pool-contract.ts'
import { RawPool } from './raw-pool.ts'

poolContract((target) => new RawPool(target))
callContract((target) => new RawPool(target))
