import { bodyAttacks, fill } from './attack.ts'
import type { Attack } from './attack.ts'

/** Bodies that are not JSON. */
export function formAttacks(): readonly Attack[] {
  const form = (name: string, make: (bytes: number) => string): readonly Attack[] =>
    bodyAttacks(`form: ${name}`, '/form', make, 'application/x-www-form-urlencoded')
  const upload = (name: string, make: (bytes: number) => string): readonly Attack[] =>
    bodyAttacks(`multipart: ${name}`, '/upload', make, 'multipart/form-data; boundary=bound')
  const part = (name: string, body: string): string =>
    `--bound\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${body}\r\n`
  return [
    ...form('many names', (bytes) => fill(bytes, (n) => `k${n}=1`, '&')),
    ...form('one name', (bytes) => fill(bytes, () => 'list=1', '&')),
    ...form('a single field twice', (bytes) => fill(bytes, () => 'a=1', '&')),
    ...form('escapes', (bytes) => `a=${'%61'.repeat((bytes - 2) / 3)}`),
    ...form('plus signs', (bytes) => `a=${'+'.repeat(bytes - 2)}`),
    ...form('ampersands', (bytes) => '&'.repeat(bytes)),
    ...upload(
      'many parts',
      (bytes) => `${fill(bytes - 20, (n) => part(`k${n}`, ''))}--bound--\r\n`,
    ),
    ...upload('one name', (bytes) => `${fill(bytes - 20, () => part('list', 'a'))}--bound--\r\n`),
    ...upload(
      'near misses of the boundary',
      (bytes) =>
        `${part(
          'a',
          fill(bytes - 200, () => '\r\n--boun'),
        )}--bound--\r\n`,
    ),
    ...upload(
      'dashes and line ends',
      (bytes) =>
        `${part(
          'a',
          fill(bytes - 200, () => '\r\n-'),
        )}--bound--\r\n`,
    ),
    ...upload(
      'one part with many fields',
      (bytes) => `--bound\r\n${fill(bytes - 200, (n) => `X-${n}: a\r\n`)}\r\n\r\n--bound--\r\n`,
    ),
    ...upload('never a boundary', (bytes) => '\r\n'.repeat(bytes / 2)),
    ...bodyAttacks('text: plain', '/plain', (bytes) => 'é'.repeat(bytes / 2), 'text/plain'),
  ]
}
