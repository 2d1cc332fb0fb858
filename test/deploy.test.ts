import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { loadConfig } from '../src/gateway/config/load-config.ts'

const ROOT = join(import.meta.dirname, '..')
const DEPLOY = join(ROOT, 'deploy')
const KUBERNETES = join(DEPLOY, 'kubernetes')

/** Kind -> the module and the name of its type, made from the OpenAPI document of Kubernetes. */
const TYPES: Readonly<Record<string, readonly [module: string, type: string]>> = {
  'apps/v1 Deployment': ['apps/v1', 'Deployment'],
  'autoscaling/v2 HorizontalPodAutoscaler': ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  'networking.k8s.io/v1 NetworkPolicy': ['networking/v1', 'NetworkPolicy'],
  'policy/v1 PodDisruptionBudget': ['policy/v1', 'PodDisruptionBudget'],
  'v1 Namespace': ['core/v1', 'Namespace'],
  'v1 Service': ['core/v1', 'Service'],
  'v1 ServiceAccount': ['core/v1', 'ServiceAccount'],
}
const GATEWAY = { 'app.kubernetes.io/name': 'sallyport' }

interface Kustomization {
  readonly resources: readonly string[]
  readonly configMapGenerator: readonly { readonly files: readonly string[] }[]
}
type Manifest = Readonly<Record<string, unknown>> & {
  readonly kind: string
  readonly apiVersion: string
}

const documentsOf = (file: string): readonly unknown[] =>
  parseAllDocuments(readFileSync(join(KUBERNETES, file), 'utf8')).map((document) => {
    assert.deepEqual(document.errors, [], file)
    return document.toJS() as unknown
  })
const [kustomization] = documentsOf('kustomization.yaml') as readonly [Kustomization]
const manifests = kustomization.resources.flatMap(
  (file) => documentsOf(file) as readonly Manifest[],
)

/** What the compiler says of manifests that are written as values of their types; empty: nothing. */
function typeFaults(all: readonly Manifest[]): string {
  const folder = mkdtempSync(join(ROOT, 'test/.manifests-'))
  try {
    const text = all.map((manifest, index) => {
      const found = TYPES[`${manifest.apiVersion} ${manifest.kind}`]
      assert.ok(found, `${manifest.apiVersion} ${manifest.kind} is no known kind`)
      const [module, type] = found
      const value = JSON.stringify(manifest)
      return `import type { ${type} as T${index} } from 'kubernetes-types/${module}.d.ts'\nexport const v${index}: T${index} = ${value}\n`
    })
    writeFileSync(join(folder, 'manifests.ts'), text.join(''))
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
    ]
    const file = join(folder, 'manifests.ts')
    return spawnSync(process.execPath, [tsc, ...options, file], { encoding: 'utf8' }).stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const ofKind = (kind: string): Manifest => {
  const found = manifests.find((manifest) => manifest.kind === kind)
  assert.ok(found, kind)
  return found
}
const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce((inner, key) => (inner as Readonly<Record<string, unknown>>)[key], value)

suite('what runs the gateway', () => {
  test('every manifest is of its kind', () => assert.equal(typeFaults(manifests), ''))

  test('a misspelled key would be found', () => {
    const broken = { ...ofKind('Service'), specs: {} }
    assert.match(typeFaults([broken]), /'specs'|"specs"/)
  })

  test('every file is used', () => {
    const used = [
      'kustomization.yaml',
      ...kustomization.resources,
      ...kustomization.configMapGenerator.flatMap(({ files }) => files),
    ]
    assert.deepEqual(readdirSync(KUBERNETES).toSorted(), used.toSorted())
  })

  test('all speak of the same pods', () => {
    const selectors: readonly (readonly [string, ...string[]])[] = [
      ['Deployment', 'spec', 'selector', 'matchLabels'],
      ['Deployment', 'spec', 'template', 'metadata', 'labels'],
      ['PodDisruptionBudget', 'spec', 'selector', 'matchLabels'],
      ['NetworkPolicy', 'spec', 'podSelector', 'matchLabels'],
      ['Service', 'spec', 'selector'],
    ]
    for (const [kind, ...path] of selectors) assert.deepEqual(at(ofKind(kind), ...path), GATEWAY)
    const target = at(ofKind('HorizontalPodAutoscaler'), 'spec', 'scaleTargetRef', 'name')
    assert.equal(target, at(ofKind('Deployment'), 'metadata', 'name'))
  })

  test('the image is built from files that are there', () => {
    const text = readFileSync(join(DEPLOY, 'Containerfile'), 'utf8')
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    )
    assert.ok(copied.includes('package-lock.json'))
    assert.deepEqual(
      copied.filter((file) => !existsSync(join(ROOT, file))),
      [],
    )
    assert.match(text, /^USER node$/m)
  })

  test('the configuration is one, with what the cluster mounts', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-deploy-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const mounted = readFileSync(join(KUBERNETES, 'sallyport.yaml'), 'utf8')
    const text = mounted.replaceAll('/etc/sallyport-', `${folder}/`)
    mkdirSync(join(folder, 'tls'))
    const write = (name: string, content: string): void =>
      writeFileSync(join(folder, name), content, { mode: 0o600 })
    write('tls/tls.crt', 'PEM')
    write('tls/tls.key', 'PEM')
    write('openapi.yaml', readFileSync(join(KUBERNETES, 'openapi.yaml'), 'utf8'))
    write('sallyport.yaml', text)
    const { settings } = await loadConfig(join(folder, 'sallyport.yaml'), {
      STORE_URL: 'postgres://gateway:secret@postgresql:5432/sallyport',
      COUNTERS_URL: 'redis://valkey:6379/0',
    })
    assert.deepEqual([settings.store.kind, settings.counters.kind], ['postgres', 'redis'])
    const mounts = at(ofKind('Deployment'), 'spec', 'template', 'spec', 'containers')
    for (const [path] of mounted.matchAll(/\/etc\/[\w-]+(?=\/)/g))
      assert.ok(JSON.stringify(mounts).includes(`"mountPath":"${path}"`), path)
  })

  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0
  test(
    'the unit is one, and confines the service',
    { skip: !hasSystemd && process.env['CI'] !== 'true' ? 'systemd-analyze is missing' : false },
    () => {
      const unit = join(DEPLOY, 'sallyport.service')
      const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })
      assert.deepEqual([verified.status, verified.stderr], [0, ''])
      const judged = execFileSync('systemd-analyze', ['security', '--offline=true', unit], {
        encoding: 'utf8',
      })
      const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(judged)?.[1])
      assert.ok(exposure < 2, `exposure ${exposure}`)
    },
  )
})
