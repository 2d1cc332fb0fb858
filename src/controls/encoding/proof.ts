import type { Proof, ProofRange } from '../../pipeline/proof.ts'

const MARKUP = '<img src=x onerror=alert(1)>'

/** Answers that run where they are shown. */
export const proof: Proof = {
  control: 'encoding',
  attacks: [
    {
      id: 'OUT-06',
      name: 'has markup that was stored sent in JSON, which a page then shows',
      needs: { encodesJson: true },
      run: async (range) => {
        range.sink.answer({ body: JSON.stringify({ id: 1, name: MARKUP }) })
        return (await range.send({ target: '/items/1' })).body.includes('<img')
      },
    },
    {
      id: 'OUT-06',
      name: 'has a part of the request written into a page as it came',
      run: (range) => answered(range, 'text/html', `<p>Nothing found for ${MARKUP}</p>`, MARKUP),
    },
    {
      id: 'OUT-06',
      name: 'has the answer call a function of another site (JSONP)',
      run: (range) => answered(range, 'application/javascript', 'steal({"id":1})', 'steal'),
    },
    {
      id: 'OUT-06',
      name: 'has a spreadsheet run a cell',
      run: (range) => answered(range, 'text/csv', 'name\n=HYPERLINK("http://evil.test")', 'x'),
    },
  ],
}

/** Whether an answer to a query reaches the client as the API gave it. */
async function answered(
  range: ProofRange,
  type: string,
  body: string,
  query: string,
): Promise<boolean> {
  range.sink.answer({ headers: ['Content-Type', type], body })
  const answer = await range.send({ target: `/pages?q=${encodeURIComponent(query)}` })
  return answer.status === 200 && answer.body === body
}
