import type { Proof } from '../../pipeline/proof.ts'

/** Tools that say what they are, as most do. */
export const proof: Proof = {
  control: 'bots',
  attacks: [
    {
      id: 'MON-01',
      name: 'looks for holes with a tool that is made for it, and a good key',
      needs: { detect: { bots: 'block' } },
      run: (range) =>
        range.anyPasses(
          ['sqlmap/1.8.4#stable', 'Mozilla/5.00 (Nikto/2.5.0)', 'OpenBullet/1.4'].map((agent) => ({
            target: '/items/1',
            headers: ['User-Agent', agent, 'Accept', '*/*'],
          })),
        ),
    },
  ],
}
