import type { Proof, ProofRequest } from '../../pipeline/proof.ts'

/** Another site's page that sends requests with the user's cookie. */
export const proof: Proof = {
  control: 'csrf',
  attacks: [
    {
      id: 'SES-07',
      name: 'a foreign page, or a sibling’s, posts with the user’s session cookie',
      run: (range) =>
        range.anyPasses([
          fromPage(['Sec-Fetch-Site', 'cross-site']),
          fromPage(['Sec-Fetch-Site', 'same-site']),
          fromPage(['Sec-Fetch-Site', 'cross-site', 'Origin', 'https://localhost']),
        ]),
    },
    {
      id: 'SES-07',
      name: 'an old browser says nothing of where a post with the cookie comes from',
      run: (range) =>
        range.anyPasses([fromPage([]), fromPage(['Referer', 'https://localhost/page'])]),
    },
  ],
}

function fromPage(headers: readonly string[]): ProofRequest {
  return {
    method: 'POST',
    target: '/page-action',
    credential: 'none',
    headers: ['Cookie', 'prove_session=of-the-user', ...headers],
  }
}
