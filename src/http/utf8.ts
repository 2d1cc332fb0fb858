/**
 * Length of the valid UTF-8 sequence that starts with `lead` and goes on with the bytes `next(1..3)`, or 0.
 * Overlong forms, surrogates and code points above U+10FFFF are invalid (RFC 3629 section 4).
 * `next` answers -1 where there is no byte.
 */
export function utf8SequenceLength(lead: number, next: (index: number) => number): number {
  const length = utf8Length(lead)
  if (length < 2) return length
  if (!isUtf8Second(lead, next(1))) return 0
  for (let i = 2; i < length; i++) {
    const byte = next(i)
    if (byte < 0x80 || byte > 0xbf) return 0
  }
  return length
}

/** Length of the sequence that a byte starts, or 0 when it starts none. */
export function utf8Length(lead: number): number {
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}

/** Whether a byte may follow `lead`, the first of at least two. */
export function isUtf8Second(lead: number, second: number): boolean {
  return second >= secondLow(lead) && second <= secondHigh(lead)
}

function secondLow(lead: number): number {
  if (lead === 0xe0) return 0xa0
  return lead === 0xf0 ? 0x90 : 0x80
}

function secondHigh(lead: number): number {
  if (lead === 0xed) return 0x9f
  return lead === 0xf4 ? 0x8f : 0xbf
}
