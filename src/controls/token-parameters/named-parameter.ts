import type { Operation, Parameter } from '../../openapi/model.ts'

const PLAIN = /^(path|query)\.(.+)$/
const OF_OPERATION = /^(.+?)\.(path|query)\.(.+)$/

/** The parameter that `path.ssn`, `query.ssn` or `findUser.query.ssn` means of an operation, where it declares one. */
export function namedParameter(
  text: string,
  { id, parameters }: Pick<Operation, 'id' | 'parameters'>,
): Parameter | undefined {
  const [, place, name] = PLAIN.exec(text) ?? []
  if (name !== undefined) return declared(parameters, place, name)
  const [, operation, at, inner] = OF_OPERATION.exec(text) ?? []
  return operation === id && inner !== undefined ? declared(parameters, at, inner) : undefined
}

function declared(
  parameters: readonly Parameter[],
  place: string | undefined,
  name: string,
): Parameter | undefined {
  return parameters.find((one) => one.place === place && one.name === name)
}
