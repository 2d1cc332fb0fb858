import { API } from 'typescript/unstable/sync'
import type { Node, SourceFile } from 'typescript/unstable/ast'
import {
  isArrowFunction,
  isAwaitExpression,
  isCallExpression,
  isConstructorDeclaration,
  isExportDeclaration,
  isFunctionDeclaration,
  isFunctionExpression,
  isGetAccessorDeclaration,
  isIdentifier,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isMethodDeclaration,
  isNamedImports,
  isNamespaceImport,
  isNewExpression,
  isPropertyAccessExpression,
  isPropertyDeclaration,
  isStringLiteral,
  isSetAccessorDeclaration,
  SyntaxKind,
} from 'typescript/unstable/ast'
import { posix, relative, sep } from 'node:path'

/** One import, `import()` or `import('…')` type. */
export interface Import {
  readonly specifier: string
  /** Path from the root of the repository, for relative specifiers. */
  readonly target: string | undefined
  readonly isType: boolean
  /** Names as the other file exports them; `*` for a whole namespace. */
  readonly names: readonly string[]
  readonly line: number
}

/** A function with a body. */
export interface FunctionFacts {
  readonly name: string
  readonly line: number
  readonly lines: number
}

/** What the rules need to know of one file. */
export interface Source {
  /** From the root of the repository, with forward slashes. */
  readonly path: string
  readonly lines: number
  readonly imports: readonly Import[]
  /** Lines with `export … from` or an export of an imported name. */
  readonly reexports: readonly number[]
  readonly functions: readonly FunctionFacts[]
  /** Calls outside any function that start work on the world. */
  readonly importTimeWork: readonly { readonly what: string; readonly line: number }[]
  /** Lines that read `process.env`. */
  readonly environment: readonly number[]
}

/** Calls that start timers, sockets, processes or file work. */
const WORK: ReadonlySet<string> = new Set([
  'setInterval',
  'setTimeout',
  'setImmediate',
  'createServer',
  'createSecureServer',
  'listen',
  'connect',
  'createConnection',
  'fetch',
  'spawn',
  'fork',
  'exec',
  'execFile',
  'readFileSync',
  'writeFileSync',
  'openSync',
  'mkdirSync',
  'watch',
  'DatabaseSync',
  'Worker',
])

/** Parses every file of a TypeScript project below its folder, and says what the rules need of each. */
export function readSources(root: string, tsconfig: string): Source[] {
  const api = new API({ cwd: root })
  try {
    const [project] = api.updateSnapshot({ openProject: tsconfig }).getProjects()
    const found: Source[] = []
    for (const file of project?.rootFiles ?? []) {
      const source = project?.program.getSourceFile(file)
      if (source !== undefined)
        found.push(readSource(relative(root, file).split(sep).join('/'), source))
    }
    return found.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  } finally {
    api.close()
  }
}

interface Found {
  readonly path: string
  readonly source: SourceFile
  readonly imports: Import[]
  readonly functions: FunctionFacts[]
  readonly environment: number[]
  readonly importTimeWork: { readonly what: string; readonly line: number }[]
}

function readSource(path: string, source: SourceFile): Source {
  const found: Found = {
    path,
    source,
    imports: [],
    functions: [],
    environment: [],
    importTimeWork: [],
  }
  visit(source, false, found)
  const text = source.text
  return {
    path,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    imports: found.imports,
    reexports: reexportsOf(source),
    functions: found.functions,
    importTimeWork: found.importTimeWork,
    environment: found.environment,
  }
}

function visit(node: Node, isInFunction: boolean, found: Found): void {
  noteImport(node, found)
  noteEnvironment(node, found)
  if (!isInFunction) noteWork(node, found)
  const isFunction = noteFunction(node, found)
  // The value of an instance field runs per instance, that of a static one at import.
  const isLater = isFunction || (isPropertyDeclaration(node) && !isStatic(node))
  node.forEachChild((child) => visit(child, isInFunction || isLater, found))
}

function lineOf(node: Node, found: { readonly source: SourceFile }): number {
  return found.source.getLineAndCharacterOfPosition(node.getStart(found.source)).line + 1
}

function noteImport(node: Node, found: Found): void {
  const specifier = specifierOf(node)
  if (specifier === undefined) return
  const isRelative = specifier.startsWith('.')
  found.imports.push({
    specifier,
    target: isRelative ? posix.join(posix.dirname(found.path), specifier) : undefined,
    line: lineOf(node, found),
    ...importedNames(node),
  })
}

function specifierOf(node: Node): string | undefined {
  if (isImportDeclaration(node) || isExportDeclaration(node)) {
    return node.moduleSpecifier !== undefined && isStringLiteral(node.moduleSpecifier)
      ? node.moduleSpecifier.text
      : undefined
  }
  if (isImportTypeNode(node)) {
    const { argument } = node
    return isLiteralTypeNode(argument) && isStringLiteral(argument.literal)
      ? argument.literal.text
      : undefined
  }
  if (!isCallExpression(node) || node.expression.kind !== SyntaxKind.ImportKeyword) return undefined
  const [argument] = node.arguments
  return argument !== undefined && isStringLiteral(argument) ? argument.text : undefined
}

function importedNames(node: Node): Pick<Import, 'isType' | 'names'> {
  if (isImportTypeNode(node)) return { isType: true, names: ['*'] }
  if (isExportDeclaration(node)) return { isType: node.isTypeOnly, names: ['*'] }
  if (!isImportDeclaration(node)) return { isType: false, names: ['*'] }
  const clause = node.importClause
  if (clause === undefined) return { isType: false, names: [] }
  const isType = clause.phaseModifier === SyntaxKind.TypeKeyword
  const bindings = clause.namedBindings
  const names = clause.name === undefined ? [] : ['default']
  if (bindings === undefined) return { isType, names }
  if (isNamespaceImport(bindings)) return { isType, names: [...names, '*'] }
  const named = bindings.elements.map((element) => (element.propertyName ?? element.name).text)
  const areTypes =
    bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly)
  return { isType: isType || areTypes, names: [...names, ...named] }
}

function reexportsOf(source: SourceFile): number[] {
  const imported = new Set<string>()
  const lines: number[] = []
  for (const statement of source.statements) {
    if (isImportDeclaration(statement)) localNames(statement).forEach((name) => imported.add(name))
    if (!isExportDeclaration(statement)) continue
    const clause = statement.exportClause
    const names =
      clause !== undefined && 'elements' in clause
        ? clause.elements.map((element) => (element.propertyName ?? element.name).text)
        : []
    const isPassedOn =
      statement.moduleSpecifier !== undefined || names.some((name) => imported.has(name))
    if (isPassedOn) lines.push(lineOf(statement, { source }))
  }
  return lines
}

function localNames(node: Node): string[] {
  const bindings = isImportDeclaration(node) ? node.importClause?.namedBindings : undefined
  return bindings !== undefined && isNamedImports(bindings)
    ? bindings.elements.map((element) => element.name.text)
    : []
}

function noteEnvironment(node: Node, found: Found): void {
  const isRead =
    isPropertyAccessExpression(node) &&
    node.name.text === 'env' &&
    isIdentifier(node.expression) &&
    node.expression.text === 'process'
  if (isRead) found.environment.push(lineOf(node, found))
  if (isImportDeclaration(node) && specifierOf(node) === 'node:process') {
    if (importedNames(node).names.includes('env')) found.environment.push(lineOf(node, found))
  }
}

function noteWork(node: Node, found: Found): void {
  if (isAwaitExpression(node)) {
    found.importTimeWork.push({ what: 'await', line: lineOf(node, found) })
    return
  }
  if (!isCallExpression(node) && !isNewExpression(node)) return
  const callee = node.expression
  const name = isPropertyAccessExpression(callee)
    ? callee.name.text
    : isIdentifier(callee)
      ? callee.text
      : ''
  if (WORK.has(name)) found.importTimeWork.push({ what: `${name}()`, line: lineOf(node, found) })
}

function isStatic(node: Node): boolean {
  return (
    isPropertyDeclaration(node) &&
    node.modifiers?.some((modifier) => modifier.kind === SyntaxKind.StaticKeyword) === true
  )
}

function noteFunction(node: Node, found: Found): boolean {
  const isFunction =
    isFunctionDeclaration(node) ||
    isFunctionExpression(node) ||
    isArrowFunction(node) ||
    isMethodDeclaration(node) ||
    isConstructorDeclaration(node) ||
    isGetAccessorDeclaration(node) ||
    isSetAccessorDeclaration(node)
  if (!isFunction) return false
  const line = lineOf(node, found)
  const end = found.source.getLineAndCharacterOfPosition(node.end).line + 1
  found.functions.push({
    name: functionName(node),
    line,
    lines: end - line + 1,
  })
  return true
}

function functionName(node: Node): string {
  if ('name' in node && node.name !== undefined && isNode(node.name) && isIdentifier(node.name)) {
    return node.name.text
  }
  if (isConstructorDeclaration(node)) return 'constructor'
  const { parent } = node
  return 'name' in parent && isNode(parent.name) && isIdentifier(parent.name)
    ? parent.name.text
    : '(anonymous)'
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'kind' in value
}
