/** One way in which who may call what has changed. */
export interface Change {
  /** `more`: somebody may do more. `less`: somebody may do less. `other`: under another condition. */
  readonly effect: 'more' | 'less' | 'other'
  readonly label: string
  /** Who, such as `role agent`, `anonymous`, or what, such as `mode`. */
  readonly who: string
  readonly before: string
  readonly after: string
}
