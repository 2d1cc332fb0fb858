import type { Proof, ProofRange } from '../../pipeline/proof.ts'

const FOREIGN = 'not-for-this-caller'
const JSON_TYPE = ['Content-Type', 'application/json']

function thing(ownerId: unknown): Record<string, unknown> {
  return { ownerId, note: FOREIGN }
}

/** Sends a read for which the API answers with `value`; whether anything of somebody else came back. */
async function reads(range: ProofRange, value: unknown, target = '/owned/1'): Promise<boolean> {
  range.sink.answer({ headers: JSON_TYPE, body: JSON.stringify(value) })
  const { status, body } = await range.send({ target })
  return status < 400 && body.includes(FOREIGN)
}

/** Callers who ask the API for what belongs to somebody else. */
export const proof: Proof = {
  control: 'objects',
  attacks: [
    {
      id: 'AZN-04',
      name: 'reads an object of another user, of nobody, or whose owner is no name',
      run: async (range) => {
        for (const owner of ['stranger', null, 7, ['prove'], '', undefined])
          if (await reads(range, thing(owner))) return true
        return false
      },
    },
    {
      id: 'AZN-04',
      name: 'reads objects of other users in a list',
      run: (range) =>
        reads(range, { items: [thing('prove'), thing('stranger')], total: 2 }, '/owned').then(
          async () => {
            const { body } = await range.send({ target: '/owned' })
            return body.includes('stranger') || body.includes('"total":2')
          },
        ),
    },
    {
      id: 'AZN-04',
      name: 'asks by HEAD, by a range and by a tag whether an object of another user is there',
      run: async (range) => {
        range.sink.answer({ headers: JSON_TYPE, body: JSON.stringify(thing('stranger')) })
        const head = await range.send({ method: 'HEAD', target: '/owned/1' })
        if (head.status < 400) return true
        range.sink.answer({ status: 304, headers: ['ETag', '"1"'], body: '' })
        const unchanged = await range.send({
          target: '/owned/1',
          headers: ['If-None-Match', '"1"', 'Range', 'bytes=0-0'],
        })
        return unchanged.status < 400
      },
    },
    {
      id: 'AZN-04',
      name: 'tells an object of another user from one that is not there',
      run: async (range) => {
        range.sink.answer({ headers: JSON_TYPE, body: JSON.stringify(thing('stranger')) })
        const foreign = await range.send({ target: '/owned/1' })
        range.sink.answer({ status: 404, headers: JSON_TYPE, body: '{"message":"none"}' })
        const missing = await range.send({ target: '/owned/2' })
        range.sink.answer({ status: 403, headers: JSON_TYPE, body: '{"message":"no"}' })
        const forbidden = await range.send({ target: '/owned/3' })
        const seen = [foreign, missing, forbidden].map(
          ({ status, body }) => `${status} ${body.length}`,
        )
        return new Set(seen).size > 1
      },
    },
    {
      id: 'AZN-04',
      name: 'changes an object of another user',
      run: async (range) => {
        range.sink.answer({ headers: JSON_TYPE, body: JSON.stringify(thing('stranger')) })
        await range.send({ method: 'PATCH', target: '/owned/1', body: { note: 'mine' } })
        await range.send({ method: 'POST', target: '/owned/1/notes', body: { note: 'mine' } })
        return range.sink.received().some(({ method }) => method !== 'GET')
      },
    },
  ],
}
