import type { Proof } from '../../pipeline/proof.ts'

/** Requests for hosts that are not ours, or not those of the connection. */
export const proof: Proof = {
  control: 'hosts',
  attacks: [
    {
      id: 'WIRE-02',
      name: 'poisons links and caches with a foreign Host',
      run: (range) =>
        range.anyPasses([
          { target: '/items/1', host: 'evil.example' },
          { target: '/items/1', host: `${range.namedHost}.evil.example` },
          { target: '/items/1', host: `evil-${range.namedHost}` },
        ]),
    },
    {
      id: 'TRN-06',
      name: 'opens the connection for one host and asks for another',
      run: (range) =>
        range.anyPasses([
          { target: '/items/1', host: range.namedHost, serverName: 'localhost' },
          { target: '/items/1', host: range.namedHost, serverName: 'localhost', via: 'h2' },
        ]),
    },
  ],
}
