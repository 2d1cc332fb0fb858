import type { Proof, ProofAnswer, ProofRange } from '../../pipeline/proof.ts'

/** What an API says and how long it takes, for an account that is not there and for one that is. */
const UNKNOWN = { status: 404, body: '{"message":"no such user"}', delayMs: 0 }
const KNOWN = { status: 401, body: '{"message":"wrong password"}', delayMs: 120 }

/** Log-ins that tell who has an account. */
export const proof: Proof = {
  control: 'uniform',
  attacks: [
    {
      id: 'AUN-04',
      name: 'learns from the words of a refusal which accounts exist',
      run: async (range) => {
        const [unknown, known] = [await told(range, UNKNOWN, 0), await told(range, KNOWN, 1)]
        return textOf(unknown.answer) !== textOf(known.answer)
      },
    },
    {
      id: 'AUN-04',
      name: 'learns from the time of a refusal which accounts exist',
      run: async (range) => {
        const [unknown, known] = [await told(range, UNKNOWN, 0), await told(range, KNOWN, 1)]
        // Half of what the API takes longer: a step more or less is no proof.
        return known.ms - unknown.ms > KNOWN.delayMs / 2 && known.ms - unknown.ms < 250
      },
    },
  ],
}

async function told(
  range: ProofRange,
  answer: typeof KNOWN,
  n: number,
): Promise<{ readonly answer: ProofAnswer; readonly ms: number }> {
  range.sink.answer(answer)
  const started = performance.now()
  const got = await range.send({
    method: 'POST',
    target: '/sign-in',
    credential: 'none',
    body: { email: `user-${n}@prove.test`, password: 'guess' },
  })
  return { answer: got, ms: performance.now() - started }
}

/** What differs for every request says nothing of accounts. */
function textOf({ status, headers, body }: ProofAnswer): string {
  const names = headers.filter((_, index) => index % 2 === 0)
  const clean = body.replaceAll(/[0-9a-f]{32}/g, '')
  return JSON.stringify([status, names, clean])
}
