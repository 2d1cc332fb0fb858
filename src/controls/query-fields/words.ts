/** What a parameter does with the fields that it names. */
export type QueryKind =
  /** Puts in order or groups by what its value names. */
  | 'sort'
  /** Chooses what is shown. */
  | 'select'
  /** Holds an expression on fields. */
  | 'filter'
  /** Looks for a text. */
  | 'search'
  /** Its value is the name of a field that others are about. */
  | 'pick'
  /** Is about the field that it is called like, if any. */
  | 'plain'

const WORDS: readonly (readonly [QueryKind, string])[] = [
  ['sort', 'sort sortby sortfield sorting order orderby orderfield ordering groupby'],
  [
    'select',
    'fields field select include includes expand embed embedded populate only omit exclude attributes projection columns props group distinct aggregate aggregations facet facets having sum avg median',
  ],
  ['filter', 'filter filters where criteria condition conditions rsql fiql predicate'],
  ['search', 'q query search keyword keywords term text searchtext freetext'],
  ['pick', 'searchby searchfield searchfields searchin filterby filterfield column property'],
]

const KINDS: ReadonlyMap<string, QueryKind> = new Map(
  WORDS.flatMap(([kind, words]) => words.split(' ').map((word) => [word, kind] as const)),
)

const OPERATORS: ReadonlySet<string> = new Set(
  'eq ne neq gt gte lt lte ge le in nin notin like ilike notlike contains icontains startswith endswith istartswith iendswith regex iregex match matches between from to min max before after since until not exists null isnull isnotnull size len length any all some and or nor xor range exact iexact value op operator type dir direction order asc desc ascending descending'.split(
    ' ',
  ),
)
/** Words of expressions that are no fields. */
const EXPRESSION: ReadonlySet<string> = new Set([
  ...OPERATORS,
  ...'true false null nil undefined is has mod div add sub mul nulls first last none'.split(' '),
])
const DIRECTIONS: ReadonlySet<string> = new Set(
  'asc desc ascending descending nulls first last nullsfirst nullslast up down'.split(' '),
)
/** Members that hold the name of a field, in filters that are lists of objects. */
const NAMING: ReadonlySet<string> = new Set(
  'field fieldname column property attribute key path name by member'.split(' '),
)

/** A name as APIs read it: `created_at`, `createdAt` and `CREATED-AT` are one. */
export function foldWord(name: string): string {
  return name
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
    .toUpperCase()
    .toLowerCase()
}

export function isDirection(word: string): boolean {
  return DIRECTIONS.has(foldWord(word))
}

export function isExpressionWord(word: string): boolean {
  return EXPRESSION.has(foldWord(word))
}

/** What the name of a parameter says. */
export interface ReadName {
  /** Its first word, folded. */
  readonly word: string
  readonly kind: QueryKind
  /** Steps to a field, as far as the name says it: `filter[address][city]`. */
  readonly path: readonly string[]
  /** Its value is the name of a field: `filters[0][field]`. */
  readonly namesInValue: boolean
  /** It compares with what is more than one value. */
  readonly isCompared: boolean
}

const MAX_STEPS = 16

/** Reads the name of a parameter. Never throws. */
export function readName(name: string): ReadName {
  const steps = stepsOf(name)
  const [first = '', ...rest] = steps
  const word = foldWord(first)
  const kind = KINDS.get(word) ?? 'plain'
  const told = kind === 'plain' ? steps : rest
  const path = told.filter((step, index) => index === 0 || !OPERATORS.has(foldWord(step)))
  const isOperator = kind !== 'plain' && path.length === 1 && OPERATORS.has(foldWord(path[0] ?? ''))
  const namesInValue = kind !== 'plain' && NAMING.has(foldWord(path.at(-1) ?? ''))
  return {
    word,
    kind,
    path: isOperator ? [] : path,
    namesInValue,
    isCompared: told.length !== path.length,
  }
}

/** The steps of a dotted, bracketed or underlined path, without indexes. */
export function stepsOf(text: string): readonly string[] {
  return text
    .split(/[[\].$/]|__/)
    .filter((step) => step !== '' && !/^\d+$/.test(step))
    .slice(0, MAX_STEPS)
}

const BEFORE = 'min max from to not after before has is with without by exclude include'
const AFTER =
  'gte? lte? gt lt ne eq neq n?in i?like contains? i?contains starts?_?with ends?_?with begins?_?with prefix suffix equals? not_?equals? is exact iexact match(?:es)? includes? from to min max before after since until not exists is_?null regexp? range between asc desc ascending descending'
const AFFIX = new RegExp(
  `^(?:${BEFORE.replaceAll(' ', '|')})[_.-]?(?=.)|[_.-]?(?:${AFTER.replaceAll(' ', '|')})!?$`,
  'gi',
)

/** The same name without what is said about comparing: `age_gte`, `minAge`, `createdAtDesc`. */
export function withoutAffix(step: string): string {
  return step.replaceAll(AFFIX, '')
}
