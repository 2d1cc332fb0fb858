/** Where the decision log goes. */
export interface LogsInput {
  redact?: 'auto' | undefined
  sinks?: readonly string[] | undefined
  reserve?: string | undefined
  whenFull?: 'open' | 'closed' | undefined
}
