import { HeaderTable } from '../http/header-table.ts'

let lastFields: readonly string[] | undefined
let lastTable: HeaderTable | undefined

/**
 * The fields of an answer. An edge that knows the head from before gives the very list that it gave last time; what
 * was read of that is not read again: neither the list nor the table is ever changed.
 */
export function answerTable(rawHeaders: readonly string[]): HeaderTable {
  if (lastTable === undefined || rawHeaders !== lastFields) {
    lastTable = new HeaderTable(rawHeaders)
    lastFields = rawHeaders
  }
  return lastTable
}
