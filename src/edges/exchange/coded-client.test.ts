import { suite } from 'node:test'
import { codedContract } from '../testing/coded-contract.ts'
import { edgesOf } from '../testing/edge-kit.ts'

suite('answers that are compressed on their way, node', () => codedContract(edgesOf('node')))
suite('answers that are compressed on their way, fast', () => codedContract(edgesOf('fast')))
