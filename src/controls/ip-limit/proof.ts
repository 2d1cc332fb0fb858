import type { Proof } from '../../pipeline/proof.ts'

/** A flood from one address. */
export const proof: Proof = {
  control: 'ip-limit',
  attacks: [
    {
      id: 'RLM-01',
      name: 'floods from one address before any credential is looked at',
      run: async (range) => {
        const burst = range.limits.ip?.burst ?? 100
        // Another method than the declared one: no other limit counts it.
        for (let n = 0; n < 2 * burst + 50; n += 1) {
          const answer = await range.send({
            method: 'DELETE',
            target: '/public',
            credential: 'none',
          })
          if (answer.status === 429) return false
        }
        return true
      },
    },
    {
      id: 'RLM-01',
      name: 'floods from one address with a new key whenever one has had its share',
      run: async (range) => {
        const burst = range.limits.ip?.burst ?? 100
        const perKey = Math.min(range.limits.principal?.burst ?? 50, 50)
        for (let n = 0, key = ''; n < burst + 50 + burst / 2; n += 1) {
          if (n % perKey === 0) key = (await range.newKey()).text
          if ((await range.send({ target: '/items/1', credential: key })).status === 429)
            return false
        }
        return true
      },
    },
  ],
}
