import type { Proof } from '../../pipeline/proof.ts'

/** The API over plain HTTP, where anybody on the way reads along. */
export const proof: Proof = {
  control: 'plain-http',
  attacks: [
    {
      id: 'TRN-02',
      name: 'gets a client to send its key in clear and be served all the same',
      run: (range) => range.passes({ target: '/items/1', via: 'http' }),
    },
    {
      id: 'TRN-02',
      name: 'reads a public answer over plain HTTP',
      run: (range) => range.passes({ target: '/public', via: 'http', credential: 'none' }),
    },
    {
      id: 'TRN-02',
      name: 'claims in X-Forwarded-Proto that the connection was encrypted',
      run: (range) =>
        range.passes({ target: '/items/1', via: 'http', headers: ['X-Forwarded-Proto', 'https'] }),
    },
  ],
}
