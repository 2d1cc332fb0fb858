/** What kind of secret a text holds. */
export type SecretKind =
  | 'private-key'
  | 'jwt'
  | 'cloud-key'
  | 'gateway-key'
  | 'connection'
  | 'card'
  | 'iban'

interface Detector {
  readonly kind: SecretKind
  /** Global; begins at a literal or a word, with bounded or greedy repeats: linear. */
  readonly find: RegExp
  /** How many characters of a hit are one, from its begin; all unless said. 0: it is none. */
  readonly lengthOf?: (text: string) => number
}

/** In the order in which they are looked for. */
const DETECTORS: readonly Detector[] = [
  {
    kind: 'private-key',
    find: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
  },
  { kind: 'jwt', find: /(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{4,}\.[\w-]*/g },
  {
    kind: 'cloud-key',
    find: /\b(?:(?:AKIA|ASIA)[\dA-Z]{16}\b|AIza[\w-]{35}|gh[ops]_\w{36,}|github_pat_\w{22,}|xox[abeprs]-[\w-]{16,}|[rs]k_live_\w{16,})/g,
  },
  {
    kind: 'gateway-key',
    find: /\b[a-z][a-z\d]{0,15}_sk_[a-z\d]{1,16}_[\dA-Za-z]{4,}_[\dA-Za-z]{20,}\w*/g,
  },
  {
    kind: 'connection',
    find: /\b(?:postgres(?:ql)?|mysql|mariadb|mssql|sqlserver|mongodb(?:\+srv)?|rediss?|valkeys?|amqps?|kafka|nats|clickhouse|cockroachdb|ldaps?|smtps?|ftp|sftp|jdbc:[a-z\d]{2,20}):\/\/[^\s/@"':]{0,128}:[^\s/@"']{1,128}@[^\s"'<>]{1,300}/gi,
  },
  {
    kind: 'card',
    find: /(?<![\w.-])[2-6]\d(?:[ -]?\d){11,17}(?![\w-])/g,
    lengthOf: (text) => longest(text, 13, isCard),
  },
  {
    kind: 'iban',
    find: /(?<![\w-])[A-Z]{2}\d\d(?: ?[\dA-Z]){11,30}(?![\w-])/g,
    lengthOf: (text) => longest(text, 15, isIban),
  },
]

/** What stands where a secret stood. */
const REDACTED = '[redacted]'

/** What is said in place of a secret. */
export type Cover = (secret: string) => string

const redacted: Cover = () => REDACTED

/** A text without its secrets, with their kinds; `undefined` where it holds none that is looked for. */
export function withoutSecrets(
  text: string,
  isExpected: (kind: SecretKind) => boolean = () => false,
  cover: Cover = redacted,
): { readonly text: string; readonly kinds: readonly SecretKind[] } | undefined {
  let left = text
  const kinds: SecretKind[] = []
  for (const { kind, find, lengthOf } of DETECTORS) {
    if (isExpected(kind)) continue
    const before = left
    left =
      lengthOf === undefined
        ? left.replace(find, (hit: string) => cover(hit))
        : cut(left, { find, lengthOf }, cover)
    if (left !== before) kinds.push(kind)
  }
  return kinds.length === 0 ? undefined : { text: left, kinds }
}

/** A hit goes on over blanks into what follows, where the next one may begin: the search goes on behind what counted. */
function cut(
  text: string,
  { find, lengthOf }: Pick<Required<Detector>, 'find' | 'lengthOf'>,
  cover: Cover,
): string {
  const search = new RegExp(find)
  let out = ''
  let from = 0
  for (let hit = search.exec(text); hit !== null; hit = search.exec(text)) {
    const [found] = hit
    const length = lengthOf(found)
    if (length > 0) {
      out += text.slice(from, hit.index) + cover(found.slice(0, length))
      from = hit.index + length
      search.lastIndex = from
    } else {
      const gap = found.search(/[ -]/)
      search.lastIndex = hit.index + (gap < 0 ? found.length : gap + 1)
    }
  }
  return out + text.slice(from)
}

/** The longest beginning of a hit that ends with a word and is one; 0 where none is. */
function longest(hit: string, least: number, isOne: (text: string) => boolean): number {
  for (let end = hit.length; end >= least; end -= 1) {
    const next = hit[end]
    if ((next === undefined || next === ' ' || next === '-') && isOne(hit.slice(0, end))) return end
  }
  return 0
}

/** Issuers' prefixes with the lengths that they give. ISO/IEC 7812. */
const ISSUERS =
  /^(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12})$/

/** A number that an issuer could have given, with its check digit. */
function isCard(text: string): boolean {
  const digits = text.replaceAll(/[ -]/g, '')
  return ISSUERS.test(digits) && hasLuhn(digits)
}

/** ISO/IEC 7812-1 annex B. */
function hasLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index])
    const doubled = index % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** Lengths by country are left to the check digits: ISO 13616-1, remainder 1 of 97. */
function isIban(text: string): boolean {
  const plain = text.replaceAll(' ', '')
  if (plain.length < 15 || plain.length > 34) return false
  const turned = plain.slice(4) + plain.slice(0, 4)
  let rest = 0
  for (const char of turned) {
    const value = Number.parseInt(char, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}
