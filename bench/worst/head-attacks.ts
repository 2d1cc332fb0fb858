import { arrayOf, fill, headAttack } from './attack.ts'
import type { Attack } from './attack.ts'

/** Bytes of a target and of a field that pass the limits of the head. */
const TARGET_BYTES = 8000
const FIELD_BYTES = 8000
const FIELDS_BYTES = 15_500

/** Requests whose head is the attack. */
export function headAttacks(): readonly Attack[] {
  const read = (query: string): string => `/read/1?${query}`
  const field = (name: string, value: string): string[] => [name, value]
  const target = (piece: (n: number) => string, glue = ''): string =>
    fill(TARGET_BYTES, piece, glue)
  const value = (piece: (n: number) => string, glue = ''): string => fill(FIELD_BYTES, piece, glue)
  const jwt = Buffer.from('{"alg":"RS256","typ":"at+jwt","kid":"bench"}').toString('base64url')
  const claims = Buffer.from(arrayOf(6000, () => '{"a":[[[[1]]]]}')).toString('base64url')
  return [
    ...headAttack('query: undeclared names', read(target((n) => `u${n}=1`, '&'))),
    ...headAttack('query: one name again and again', read(target(() => 'id=1', '&'))),
    ...headAttack('query: array of integers', read(target((n) => `list=${n}`, '&'))),
    ...headAttack('query: array by commas', read(`csv=${target(() => 'a', ',')}`)),
    ...headAttack('query: deepObject', read(target((n) => `filter[k${n}]=v`, '&'))),
    ...headAttack(
      'query: deepObject, nested brackets',
      read(target(() => 'filter[a][b][c]=v', '&')),
    ),
    ...headAttack('query: empty pairs', read(target(() => '&'))),
    ...headAttack('query: all percent-encoded', read(`q=${target(() => '%61')}`)),
    ...headAttack('query: broken percent-encoding', read(`q=${target(() => '%c3%28')}`)),
    ...headAttack('query: near miss of a pattern', read(`q=${target(() => 'a')}!`)),
    ...headAttack('query: near miss of a pattern, words', read(`q=${target(() => 'a+')}!`)),
    ...headAttack(
      'path: many segments',
      target(() => '/a'),
    ),
    ...headAttack(
      'path: slashes',
      target(() => '/'),
    ),
    ...headAttack(
      'path: dot segments',
      target(() => '/a/..'),
    ),
    ...headAttack(
      'path: encoded dot segments',
      target(() => '/%2e%2e'),
    ),
    ...headAttack('path: encoded twice', `/read/${target(() => '%2541')}`),
    ...headAttack('path: one long parameter', `/read/${target(() => 'a')}`),
    ...headAttack('path: one encoded parameter', `/read/${target(() => '%c3%a9')}`),
    ...headAttack(
      'cookies: many',
      '/read/1',
      field(
        'Cookie',
        value((n) => `c${n}=1`, '; '),
      ),
    ),
    ...headAttack(
      'cookies: one name',
      '/read/1',
      field(
        'Cookie',
        value(() => 'session=1', '; '),
      ),
    ),
    ...headAttack(
      'cookies: semicolons',
      '/read/1',
      field(
        'Cookie',
        value(() => ';'),
      ),
    ),
    ...headAttack('cookies: spaces', '/read/1', field('Cookie', `a=${value(() => ' ')}b`)),
    ...headAttack(
      'header: list parameter',
      '/read/1',
      field(
        'X-List',
        value(() => 'a', ','),
      ),
    ),
    ...headAttack(
      'header: Accept list',
      '/read/1',
      field(
        'Accept',
        value((n) => `a/b${n};q=0.1`, ','),
      ),
    ),
    ...headAttack(
      'header: Accept-Encoding list',
      '/read/1',
      field(
        'Accept-Encoding',
        value(() => 'gzip;q=0.5', ','),
      ),
    ),
    ...headAttack(
      'header: Accept-Encoding spaces',
      '/read/1',
      field('Accept-Encoding', `gzip${value(() => ' ')}`),
    ),
    ...headAttack(
      'header: Connection list',
      '/read/1',
      field(
        'Connection',
        value((n) => `x${n}`, ','),
      ),
    ),
    ...headAttack(
      'header: X-Forwarded-For list',
      '/read/1',
      field(
        'X-Forwarded-For',
        value(() => '10.1.2.3', ', '),
      ),
    ),
    ...headAttack(
      'header: Forwarded list',
      '/read/1',
      field(
        'Forwarded',
        value(() => 'for="[::1]"', ', '),
      ),
    ),
    ...headAttack(
      'header: Content-Type parameters',
      '/read/1',
      field('Content-Type', `a/b${value(() => ';a=b')}`),
    ),
    ...headAttack(
      'header: traceparent and baggage',
      '/read/1',
      field(
        'Baggage',
        value((n) => `k${n}=v`, ','),
      ),
    ),
    ...headAttack(
      'header: Origin long',
      '/read/1',
      field('Origin', `https://${value(() => 'a.')}`),
    ),
    ...headAttack(
      'header: 100 fields',
      '/read/1',
      Array.from({ length: 98 }, (_, n) => [`X-Field-${n}`, 'v'.repeat(100)]).flat(),
    ),
    ...headAttack(
      'header: 100 of one name',
      '/read/1',
      Array.from({ length: 98 }, () => ['X-List', 'v,'.repeat(50)]).flat(),
    ),
    ...headAttack('header: 16 KB in one', '/read/1', ['X-Long', 'v'.repeat(FIELDS_BYTES)]),
    ...headAttack('token: no token at all', '/secret'),
    ...headAttack(
      'token: long garbage',
      '/secret',
      field('Authorization', `Bearer ${value(() => 'a')}`),
    ),
    ...headAttack(
      'token: dots',
      '/secret',
      field('Authorization', `Bearer ${value(() => 'a', '.')}`),
    ),
    ...headAttack(
      'token: commas',
      '/secret',
      field(
        'Authorization',
        value(() => 'Bearer a', ', '),
      ),
    ),
    ...headAttack(
      'token: big claims, wrong signature',
      '/secret',
      field('Authorization', `Bearer ${jwt}.${claims}.${'A'.repeat(342)}`),
    ),
    ...headAttack('token: near miss of a key', '/secret', [
      'X-API-Key',
      `sp_sk_live_${'a'.repeat(12)}_${'A'.repeat(43)}_00000000`,
    ]),
    ...headAttack(
      'keys in the target',
      `/read/1?q=${target(() => 'sp_sk_live_aaaaaaaaaaaa_', '')}`,
    ),
  ]
}
