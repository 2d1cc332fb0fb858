import { applicable } from '../../openapi/schema/facts.ts'
import type { Resources, Site as SchemaSite } from '../../openapi/schema/resources.ts'
import type { Site } from '../../pipeline/site.ts'
import { isAuthOperation, soundsLikeAuth } from '../auth-zone/is-auth-operation.ts'
import { declaredProperties } from '../declared-properties.ts'
import { isSecretName } from '../leaks/config.ts'

/** Whether answers of an operation hold a secret by what the document says: its place, its name, a declared field. */
export function declaresSecrets({ operation }: Site, resources: Resources): boolean {
  if (isAuthOperation(operation) || soundsLikeAuth(operation)) return true
  const segments = operation.template.split('/').filter((part) => !part.startsWith('{'))
  if (segments.some(isSecretName)) return true
  const refs = [...operation.responses.values()].flatMap(({ content }) =>
    content.flatMap(({ schema, itemSchema }) => [schema ?? [], itemSchema ?? []].flat()),
  )
  const isSecret = (name: string, site: SchemaSite): boolean =>
    isSecretName(name) || isCalledSecret(resources, site)
  return declaredProperties(refs, resources, isSecret).size > 0
}

const SECRET_CLASSES: ReadonlySet<unknown> = new Set(['secret', 'payment'])

function isCalledSecret(resources: Resources, site: SchemaSite): boolean {
  return applicable(resources, site).some(
    ({ keywords }) =>
      keywords['format'] === 'password' || SECRET_CLASSES.has(keywords['x-sallyport-class']),
  )
}
