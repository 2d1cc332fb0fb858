import { controls } from '../controls/index.ts'

/** Names of the controls that decide whether a caller may, for the metric of their decisions. */
export const AUTHORIZE_CONTROLS: ReadonlySet<string> = new Set(
  controls.filter(({ stage }) => stage === 'authorize').map(({ name }) => name),
)
