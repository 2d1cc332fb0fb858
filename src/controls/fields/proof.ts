import type { Proof, ProofRange, ProofRequest } from '../../pipeline/proof.ts'

const SALARY = 'salary-98765'

/** Fields that a role may not see or set, read and written by whatever way. */
export const proof: Proof = {
  control: 'fields',
  attacks: [
    {
      id: 'AZN-05',
      name: 'reads a field of an object, of an inner object and of the items of a list without its role',
      run: async (range) => {
        const guarded = { id: 1, salary: SALARY }
        range.sink.answer({
          body: JSON.stringify({ ...guarded, boss: guarded, team: [guarded, guarded] }),
        })
        return (await range.send({ target: '/people/1' })).body.includes(SALARY)
      },
    },
    {
      id: 'AZN-05',
      name: 'sets a field without its role: at the top, nested, in a list, in another case',
      run: (range) =>
        range.anyPasses(
          [
            { salary: 'x' },
            { boss: { salary: 'x' } },
            { team: [{}, { salary: 'x' }] },
            { salary: null },
          ].map((body) => merge(body)),
        ),
    },
    {
      id: 'AZN-05',
      name: 'changes a field by JSON Patch: directly, by its parent, by copy and by move',
      run: (range) =>
        range.anyPasses(
          [
            [{ op: 'replace', path: '/salary', value: 'x' }],
            [{ op: 'add', path: '/boss', value: { salary: 'x' } }],
            [{ op: 'copy', from: '/name', path: '/salary' }],
            [{ op: 'move', from: '/name', path: '/team/0/salary' }],
            [{ op: 'remove', path: '/boss' }],
            [{ op: 'replace', path: '/id', value: 'x' }],
          ].map(patch),
        ),
    },
    {
      id: 'AZN-05',
      name: 'copies a field that it may not read to one that it may, and guesses it with test',
      run: (range) =>
        range.anyPasses(
          [
            [{ op: 'copy', from: '/salary', path: '/name' }],
            [{ op: 'test', path: '/salary', value: SALARY }],
          ].map(patch),
        ),
    },
  ],
}

function merge(body: unknown): ProofRequest {
  return send('application/merge-patch+json', body)
}

function patch(operations: unknown): ProofRequest {
  return send('application/json-patch+json', operations)
}

function send(type: string, body: unknown): Parameters<ProofRange['passes']>[0] {
  return {
    method: 'PATCH',
    target: '/people/1',
    headers: ['Content-Type', type],
    body: JSON.stringify(body),
  }
}
