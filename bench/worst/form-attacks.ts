import { arrayOf, bodyAttacks, fill } from './attack.ts'
import type { Attack } from './attack.ts'

/** The longest boundary. */
const DASHES = '-'.repeat(70)

/** Bodies that are not JSON. */
export function formAttacks(): readonly Attack[] {
  return [...urlEncodedAttacks(), ...partAttacks(), ...boundaryAttacks()]
}

function urlEncodedAttacks(): readonly Attack[] {
  const form = (name: string, make: (bytes: number) => string): readonly Attack[] =>
    bodyAttacks(`form: ${name}`, '/form', make, 'application/x-www-form-urlencoded')
  return [
    ...form('many names', (bytes) => fill(bytes, (n) => `k${n}=1`, '&')),
    ...form('one name', (bytes) => fill(bytes, () => 'list=1', '&')),
    ...form('a single field twice', (bytes) => fill(bytes, () => 'a=1', '&')),
    ...form('escapes', (bytes) => `a=${'%61'.repeat((bytes - 2) / 3)}`),
    ...form('plus signs', (bytes) => `a=${'+'.repeat(bytes - 2)}`),
    ...form('ampersands', (bytes) => '&'.repeat(bytes)),
    ...form('escapes of two bytes', (bytes) => `a=${'%C3%A9'.repeat((bytes - 2) / 6)}`),
    ...form('escapes and plus signs', (bytes) => `a=${'%41+'.repeat((bytes - 2) / 4)}`),
    ...form('characters to be escaped', (bytes) => `a=${'|'.repeat(bytes - 2)}`),
    ...form('a hundred long fields', (bytes) =>
      fill(bytes, (n) => `k${n}=${'%2B+a'.repeat(bytes / 600)}`, '&'),
    ),
    ...form('a hundred nested fields', (bytes) =>
      fill(bytes, (n) => `map[k${n}]${`[a]`.repeat(3)}=${'a'.repeat(bytes / 120)}`, '&'),
    ),
    ...form('brackets in a name', (bytes) => `map${'[a]'.repeat((bytes - 6) / 3)}=1`),
    ...form(
      'JSON in a field',
      (bytes) => `json={"a":[${'1,'.repeat(4000)}"${'a'.repeat(bytes - 8050)}"]}`,
    ),
    ...form('not UTF-8 at the end', (bytes) => `a=${'%C3%A9'.repeat((bytes - 8) / 6)}%C3`),
  ]
}

const upload = (name: string, make: (bytes: number) => string): readonly Attack[] =>
  bodyAttacks(`multipart: ${name}`, '/upload', make, 'multipart/form-data; boundary=bound')
const part = (name: string, body: string): string =>
  `--bound\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${body}\r\n`

function twentyParts(bytes: number, object: string): string {
  const parts = Array.from(
    { length: 20 },
    (_, n) =>
      `--bound\r\nContent-Disposition: form-data; name="j${n}"\r\nContent-Type: application/json\r\n\r\n${arrayOf(Math.min(bytes / 21 - 120, 2980), () => object)}\r\n`,
  )
  return `${parts.join('')}--bound--\r\n`
}

function partAttacks(): readonly Attack[] {
  return [
    ...bodyAttacks(
      'multipart: a boundary of dashes',
      '/upload',
      (bytes) => {
        const line = `--${DASHES}`
        const body = '-'.repeat(bytes - 400)
        return `${line}\r\nContent-Disposition: form-data; name="a"\r\n\r\n${body}\r\n${line}--\r\n`
      },
      `multipart/form-data; boundary=${DASHES}`,
    ),
    ...upload(
      'twenty parts of JSON',
      (bytes) =>
        `${Array.from(
          { length: 20 },
          (_, n) =>
            `--bound\r\nContent-Disposition: form-data; name="j${n}"\r\nContent-Type: application/json\r\n\r\n${arrayOf(bytes / 21 - 120, () => '{"a":1}')}\r\n`,
        ).join('')}--bound--\r\n`,
    ),
    ...upload('twenty parts of JSON, no more values than may be', (bytes) =>
      twentyParts(bytes, '{"a":"bcdef"}'),
    ),
    ...upload('twenty parts of JSON, no more values than may be, and a URL', (bytes) =>
      twentyParts(bytes, '{"a":"bcdef"}').replace('bcdef', 'bcde:'),
    ),
    ...upload(
      'a long file name',
      (bytes) =>
        `--bound\r\nContent-Disposition: form-data; name="file"; filename="${'\\"'.repeat(4000)}"\r\n\r\n${'a'.repeat(bytes - 8200)}\r\n--bound--\r\n`,
    ),
    ...upload(
      'text beyond ASCII',
      (bytes) => `${part('a', 'é'.repeat(bytes / 2 - 100))}--bound--\r\n`,
    ),
  ]
}

function boundaryAttacks(): readonly Attack[] {
  return [
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
