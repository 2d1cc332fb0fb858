import type { Proof, ProofRange } from '../../pipeline/proof.ts'

/** Error texts that show the inside of the API, in fields that the document declares. */
export const proof: Proof = {
  control: 'errors',
  attacks: [
    {
      id: 'OUT-07',
      name: 'reads the stack trace of a crash',
      run: (range) => anyLeaks(range, 500, 'message', TRACES),
    },
    {
      id: 'OUT-07',
      name: 'reads database errors and stack traces in a declared 400',
      run: (range) => anyLeaks(range, 400, 'message', [...SQL, ...TRACES]),
    },
    {
      id: 'OUT-07',
      name: 'reads a stack trace that came with status 200',
      run: (range) => anyLeaks(range, 200, 'error', TRACES),
    },
  ],
}

const TRACES: readonly string[] = [
  'TypeError: x\n    at pay (/srv/app/orders.js:42:7)',
  'java.lang.NullPointerException\n\tat com.shop.Orders.pay(Orders.java:42)',
  'Traceback (most recent call last):\n  File "/srv/app/orders.py", line 42, in pay',
  'panic: nil\n\ngoroutine 1 [running]:\nmain.pay()',
  'PHP Fatal error:  Uncaught Error in /srv/app/orders.php:42',
]
const SQL: readonly string[] = [
  "You have an error in your SQL syntax near '\"' at line 1",
  'syntax error at or near "OR"',
  'near "OR": syntax error',
  'ORA-00933: SQL command not properly ended',
  'SQLSTATE[42000]: Syntax error',
]

/** Whether any of the texts reaches the client. */
async function anyLeaks(
  range: ProofRange,
  status: number,
  member: 'message' | 'error',
  texts: readonly string[],
): Promise<boolean> {
  for (const text of texts) {
    range.sink.answer({ status, body: JSON.stringify({ [member]: text }) })
    const { body } = await range.send({ target: '/items/1' })
    if (body.includes(JSON.stringify(text).slice(1, -1))) return true
  }
  return false
}
