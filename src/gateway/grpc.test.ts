import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderTable } from '../http/header-table.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { grpcRefusal, isGrpcType } from './grpc.ts'

const types: [type: string, isGrpc: boolean][] = [
  ['application/grpc', true],
  ['application/grpc+proto', true],
  ['application/grpc; charset=utf-8', true],
  ['application/grpc-web', false],
  ['application/grpc-web+proto', false],
  ['application/grpcx', false],
  ['application/json', false],
  ['', false],
]
for (const [type, isGrpc] of types) {
  test(`${type || 'nothing'} is ${isGrpc ? '' : 'not '}gRPC`, () =>
    assert.equal(isGrpcType(type), isGrpc))
}

function asking(type: string): Exchange {
  return { head: { headers: new HeaderTable(['content-type', type]) } } as unknown as Exchange
}

test('a refusal says its status in terms of gRPC', () => {
  assert.deepEqual(grpcRefusal(asking('application/grpc'), 401, 'Not known: é'), [
    'grpc-status',
    '16',
    'grpc-message',
    'Not known%3A %C3%A9',
  ])
})

test('a status without a meaning in gRPC is unknown', () => {
  assert.equal(grpcRefusal(asking('application/grpc'), 418, 'x')[1], '2')
})

test('nothing is said to other clients', () => {
  assert.deepEqual(grpcRefusal(asking('application/json'), 401, 'x'), [])
})
