import type { Proof, ProofRange } from '../../pipeline/proof.ts'

/** Whether any of some queries reaches the API. */
function asks(range: ProofRange, queries: readonly string[]): Promise<boolean> {
  range.sink.answer({ headers: ['Content-Type', 'application/json'], body: '[]' })
  return range.anyPasses(queries.map((query) => ({ target: `/people?${query}` })))
}

/** Callers who learn what they may not read from the order and the number of what comes. */
export const proof: Proof = {
  control: 'query-fields',
  attacks: [
    {
      id: 'AZN-05',
      name: 'sorts by a field that it may not read, alone, among others and through another object',
      run: (range) =>
        asks(range, ['sort=-salary', 'sort=name,salary:desc', 'sort=boss.salary', 'sort=SALARY']),
    },
    {
      id: 'AZN-05',
      name: 'filters by a field that it may not read, by its value and by an expression',
      run: (range) =>
        asks(range, [
          'salary=1',
          'filter=salary%20gt%201',
          'filter=%7B%22salary%22:%7B%22$gt%22:1%7D%7D',
        ]),
    },
    {
      id: 'AZN-05',
      name: 'sorts by a column that no answer shows',
      run: (range) => asks(range, ['sort=passwordHash', 'sort=3']),
    },
  ],
}
