import { MAX_README_CHARS } from './house.ts'

/**
 * What is wrong with a README's first paragraph as the one sentence that says what a folder is for.
 * Rooms and folders hold nothing else; a control's page (`mayGoOn`) may have further paragraphs.
 */
export function readmeFault(text: string, mayGoOn: boolean): string | undefined {
  const paragraphs = text.trim().split(/\n\s*\n/)
  const sentence = (paragraphs[0] ?? '').replaceAll(/\s+/g, ' ')
  if (sentence === '') return 'is empty'
  if (sentence.startsWith('#')) return 'starts with a heading instead of its sentence'
  if (paragraphs.length > 1 && !mayGoOn) return 'has more than one paragraph'
  if (sentence.length > MAX_README_CHARS) return `has a sentence of ${sentence.length} characters`
  if (!sentence.endsWith('.')) return 'does not end in a full stop'
  if (/[.!?] [A-Z]/.test(sentence)) return 'has more than one sentence'
  return undefined
}
