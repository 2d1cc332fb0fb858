import { relationsContract } from '../testing/relations-contract.ts'
import { MemoryRelations } from './memory-relations.ts'

relationsContract('memory', () => ({ relations: new MemoryRelations(), close: () => undefined }))
