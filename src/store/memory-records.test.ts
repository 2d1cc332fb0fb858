import { MemoryRecords } from './memory-records.ts'
import { recordsContract } from './testing/records-contract.ts'

recordsContract('memory', () => new MemoryRecords())
