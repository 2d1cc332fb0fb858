import { arrayOf, fill, headAttack } from './attack.ts'
import type { Attack } from './attack.ts'

/** Bytes of a target and of a field that pass the limits of the head. */
const TARGET_BYTES = 8000
const FIELD_BYTES = 8000
const FIELDS_BYTES = 15_500

type Piece = (n: number) => string

const target = (piece: Piece, glue = ''): string => fill(TARGET_BYTES, piece, glue)
const value = (piece: Piece, glue = ''): string => fill(FIELD_BYTES, piece, glue)
const read = (query: string): string => `/read/1?${query}`

/** An attack for each row: what stands in the place that `attack` fills. */
function each<Row extends readonly unknown[]>(
  family: string,
  rows: readonly (readonly [name: string, ...Row])[],
  attack: (name: string, ...row: Row) => readonly Attack[],
): readonly Attack[] {
  return rows.flatMap(([name, ...row]) => attack(`${family}: ${name}`, ...(row as unknown as Row)))
}

/** Requests whose head is the attack. */
export function headAttacks(): readonly Attack[] {
  return [
    ...queryAttacks(),
    ...pathAttacks(),
    ...cookieAttacks(),
    ...headerAttacks(),
    ...wideHeadAttacks(),
    ...tokenAttacks(),
    ...headAttack('keys in the target', read(`q=${target(() => 'sp_sk_live_aaaaaaaaaaaa_')}`)),
  ]
}

function queryAttacks(): readonly Attack[] {
  const rows: readonly [name: string, query: string][] = [
    ['undeclared names', target((n) => `u${n}=1`, '&')],
    ['one name again and again', target(() => 'id=1', '&')],
    ['array of integers', target((n) => `list=${n}`, '&')],
    ['array by commas', `csv=${target(() => 'a', ',')}`],
    ['deepObject', target((n) => `filter[k${n}]=v`, '&')],
    ['deepObject, nested brackets', target(() => 'filter[a][b][c]=v', '&')],
    ['deepObject, a name of brackets', `tree${target(() => '[a]')}=1`],
    ['deepObject, nested to many', target((n) => `tree[a${n % 9}][b${n}]=v`, '&')],
    ['deepObject, open brackets', `tree${target(() => '[')}=1`],
    ['JSON in a parameter', `json=[${target(() => '1', ',')}]`],
    ['JSON in a parameter, deep', `json=${target(() => '[')}`],
    ['a hundred long names', target((n) => `${'u'.repeat(72)}${n}=1`, '&')],
    ['addresses to be redacted', `q=${target(() => 'a@b.')}`],
    ['numbers like cards', `q=${target(() => '4111111111111112-')}`],
    ['words like tokens', `q=${target(() => 'eyJh.')}`],
    ['empty pairs', target(() => '&')],
    ['all percent-encoded', `q=${target(() => '%61')}`],
    ['broken percent-encoding', `q=${target(() => '%c3%28')}`],
    ['near miss of a pattern', `q=${target(() => 'a')}!`],
    ['near miss of a pattern, words', `q=${target(() => 'a+')}!`],
  ]
  return each('query', rows, (name, query) => headAttack(name, read(query)))
}

function pathAttacks(): readonly Attack[] {
  const rows: readonly [name: string, path: string][] = [
    ['many segments', target(() => '/a')],
    ['slashes', target(() => '/')],
    ['dot segments', target(() => '/a/..')],
    ['encoded dot segments', target(() => '/%2e%2e')],
    ['encoded twice', `/read/${target(() => '%2541')}`],
    ['one long parameter', `/read/${target(() => 'a')}`],
    ['one encoded parameter', `/read/${target(() => '%c3%a9')}`],
  ]
  return each('path', rows, headAttack)
}

function cookieAttacks(): readonly Attack[] {
  const rows: readonly [name: string, cookie: string][] = [
    ['many', value((n) => `c${n}=1`, '; ')],
    ['one name', value(() => 'session=1', '; ')],
    ['semicolons', value(() => ';')],
    ['spaces', `a=${value(() => ' ')}b`],
    ['quotes', `session="${value(() => '\\"')}`],
    ['equals signs', `session=${value(() => '=')}`],
    ['escapes', `session=${value(() => '%61')}`],
  ]
  return each('cookies', rows, (name, cookie) => headAttack(name, '/read/1', ['Cookie', cookie]))
}

function headerAttacks(): readonly Attack[] {
  const rows: readonly [name: string, field: string, value: string][] = [
    ['list parameter', 'X-List', value(() => 'a', ',')],
    ['Accept list', 'Accept', value((n) => `a/b${n};q=0.1`, ',')],
    ['Accept-Encoding list', 'Accept-Encoding', value(() => 'gzip;q=0.5', ',')],
    ['Accept-Encoding spaces', 'Accept-Encoding', `gzip${value(() => ' ')}`],
    ['Connection list', 'Connection', value((n) => `x${n}`, ',')],
    ['X-Forwarded-For list', 'X-Forwarded-For', value(() => '10.1.2.3', ', ')],
    ['Forwarded list', 'Forwarded', value(() => 'for="[::1]"', ', ')],
    ['Content-Type parameters', 'Content-Type', `a/b${value(() => ';a=b')}`],
    ['traceparent and baggage', 'Baggage', value((n) => `k${n}=v`, ',')],
    ['Forwarded, a quote without end', 'Forwarded', `for="${value(() => '\\"')}`],
    ['Content-Type, a quote without end', 'Content-Type', `a/b;c="${value(() => '\\"')}`],
    ['Accept, parameters of one range', 'Accept', `a/b${value((n) => `;p${n}=v`)}`],
    ['Accept-Language list', 'Accept-Language', value(() => 'de;q=0.5', ',')],
    ['Range list', 'Range', `bytes=${value(() => '0-0', ',')}`],
    ['If-None-Match list', 'If-None-Match', value(() => '"a"', ',')],
    ['TE list', 'TE', value(() => 'a;q=1', ',')],
    ['Signature-Input', 'Signature-Input', `a=(${value(() => '"@path";req', ' ')})`],
    ['Sec-CH-UA list', 'Sec-CH-UA', value(() => '"a";v="1"', ', ')],
    [
      'Access-Control-Request-Headers',
      'Access-Control-Request-Headers',
      value((n) => `x${n}`, ','),
    ],
    ['Host long', 'X-Forwarded-Host', value(() => 'a.')],
    ['Prefer list', 'Prefer', value((n) => `a${n}=b;c`, ', ')],
    ['User-Agent long', 'User-Agent', value(() => 'Mozilla/5.0 (')],
    ['Referer long', 'Referer', `https://a/?${value(() => 'token=a&')}`],
    ['Origin long', 'Origin', `https://${value(() => 'a.')}`],
  ]
  return each('header', rows, (name, field, text) => headAttack(name, '/read/1', [field, text]))
}

function wideHeadAttacks(): readonly Attack[] {
  const many = (field: Piece, text: string): string[] =>
    Array.from({ length: 98 }, (_, n) => [field(n), text]).flat()
  const rows: readonly [name: string, fields: readonly string[]][] = [
    ['100 fields', many((n) => `X-Field-${n}`, 'v'.repeat(100))],
    ['100 of one name', many(() => 'X-List', 'v,'.repeat(50))],
    [
      'ninety cookies fields',
      Array.from({ length: 90 }, (_, n) => ['Cookie', `c${n}=${'a'.repeat(140)}`]).flat(),
    ],
    ['16 KB in one', ['X-Long', 'v'.repeat(FIELDS_BYTES)]],
  ]
  return each('header', rows, (name, fields) => headAttack(name, '/read/1', fields))
}

function tokenAttacks(): readonly Attack[] {
  const jwt = Buffer.from('{"alg":"RS256","typ":"at+jwt","kid":"bench"}').toString('base64url')
  const claims = Buffer.from(arrayOf(6000, () => '{"a":[[[[1]]]]}')).toString('base64url')
  const deepJson = Buffer.from('{"a":'.repeat(1100)).toString('base64url')
  const key = `sp_sk_live_${'a'.repeat(12)}_${'A'.repeat(43)}_00000000`
  const rows: readonly [name: string, fields: readonly string[]][] = [
    ['no token at all', []],
    ['long garbage', ['Authorization', `Bearer ${value(() => 'a')}`]],
    ['dots', ['Authorization', `Bearer ${value(() => 'a', '.')}`]],
    ['Digest parameters', ['Authorization', `Digest ${value((n) => `a${n}="\\""`, ', ')}`]],
    ['Basic', ['Authorization', `Basic ${value(() => 'Ojo6')}`]],
    [
      'AWS signature',
      ['Authorization', `AWS4-HMAC-SHA256 ${value((n) => `SignedHeaders=a;${n}`, ', ')}`],
    ],
    ['JWT, deep head', ['Authorization', `Bearer ${deepJson}.e30.AAAA`]],
    ['ninety keys', Array.from({ length: 90 }, () => ['X-API-Key', key]).flat()],
    ['commas', ['Authorization', value(() => 'Bearer a', ', ')]],
    [
      'big claims, wrong signature',
      ['Authorization', `Bearer ${jwt}.${claims}.${'A'.repeat(342)}`],
    ],
    ['near miss of a key', ['X-API-Key', key]],
  ]
  return each('token', rows, (name, fields) => headAttack(name, '/secret', fields))
}
