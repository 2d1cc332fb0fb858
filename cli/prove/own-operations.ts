import type { OwnOperation } from './messages.ts'
import type { Range } from './range.ts'
import { checkRow } from './result.ts'
import type { ProofRow } from './result.ts'

/** Requests from one address: fewer than any limit per address worth its name. */
const PER_ADDRESS = 5

/** Checks on the operator's own documents, with everything in place. Nothing is sent to a real API. */
export async function proveOwnOperations(range: Range): Promise<readonly ProofRow[]> {
  const { operations } = range.ready
  const rows: ProofRow[] = []
  for (const [index, operation] of operations.entries()) {
    rows.push(
      operation.isPublic
        ? checkRow(
            { kind: 'own', id: 'AUN-01', name: `${operation.label} is public by its document` },
            undefined,
            0,
          )
        : await needsCredential(range, operation, addressOf(index)),
    )
  }
  return rows
}

function addressOf(index: number): string {
  const n = Math.floor(index / PER_ADDRESS)
  return `127.${80 + Math.floor(n / 62_500)}.${1 + (Math.floor(n / 250) % 250)}.${1 + (n % 250)}`
}

async function needsCredential(
  range: Range,
  operation: OwnOperation,
  from: string,
): Promise<ProofRow> {
  const startedAt = performance.now()
  range.sink.reset()
  const answer = await range.client.send({
    method: operation.method,
    target: operation.path,
    host: 'localhost',
    serverName: 'localhost',
    headers: [],
    body: undefined,
    from,
    via: 'https',
  })
  const name = `${operation.label} without a credential is refused`
  const fault = faultOf(answer.status, operation, range.sink.received().length)
  const about = { kind: 'own', control: 'authenticate', id: 'AUN-01', name } as const
  return checkRow(about, fault, Math.round(performance.now() - startedAt))
}

function faultOf(status: number, operation: OwnOperation, arrived: number): string | undefined {
  if (arrived > 0) return 'the request reached the API'
  // TRACE is refused on the wire, an operation after its sunset before anybody asks who calls.
  const isEarly =
    (status === 405 && operation.method === 'TRACE') || (status === 410 && operation.hasSunset)
  return status === 401 || isEarly ? undefined : `answered ${status} in place of 401`
}
