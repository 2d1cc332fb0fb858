import type { Proof } from '../../pipeline/proof.ts'

const SECRET = 'not-for-clients'

/** Answers with more than the document declares. */
export const proof: Proof = {
  control: 'responses',
  attacks: [
    {
      id: 'OUT-01',
      name: 'reads fields that the document does not declare, at the top and nested',
      run: async (range) => {
        for (const value of [
          { id: 1, note: SECRET },
          { id: 1, owner: { name: 'a', card: SECRET } },
        ]) {
          range.sink.answer({ body: JSON.stringify(value) })
          if ((await range.send({ target: '/items/1' })).body.includes(SECRET)) return true
        }
        return false
      },
    },
    {
      id: 'OUT-01',
      name: 'reads an answer with a status or a media type that the document does not declare',
      run: async (range) => {
        const json = ['Content-Type', 'application/json']
        const html = ['Content-Type', 'text/html']
        const answers = [
          { status: 203, headers: json, body: `{"name":"${SECRET}"}` },
          { status: 418, headers: json, body: `{"name":"${SECRET}"}` },
          { status: 200, headers: html, body: `<script>'${SECRET}'</script>` },
        ]
        for (const answer of answers) {
          range.sink.answer(answer)
          if ((await range.send({ target: '/items/1' })).body.includes(SECRET)) return true
        }
        return false
      },
    },
  ],
}
