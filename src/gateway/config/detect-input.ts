type Off = 'off' | false
type Mode = 'enforce' | 'monitor' | Off

/** What may follow at most. */
export type GradeInput = 'log' | 'throttle' | 'challenge' | 'block' | Off

/** What follows where a key or token seems to be in other hands. */
export type HijackInput = 'log' | 'step-up' | 'kill' | Off

/** What is watched in the behavior of callers, and what may follow. */
export interface DetectInput {
  bots?: GradeInput | undefined
  honeypots?:
    | GradeInput
    | { response?: GradeInput | undefined; paths?: readonly string[] | undefined }
    | undefined
  enumeration?:
    | GradeInput
    | {
        response?: GradeInput | undefined
        fast?: string | undefined
        slow?: string | undefined
      }
    | undefined
  stuffing?:
    | GradeInput
    | {
        response?: GradeInput | undefined
        accounts?: string | undefined
        sources?: string | undefined
        spread?: string | undefined
      }
    | undefined
  volume?:
    | GradeInput
    | {
        response?: GradeInput | undefined
        factor?: number | undefined
        minimum?: string | undefined
      }
    | undefined
  hijack?:
    | HijackInput
    | {
        response?: HijackInput | undefined
        travel?: HijackInput | undefined
        vpn?: readonly string[] | undefined
        fingerprint?: string | undefined
      }
    | undefined
  block?: string | undefined
  acr?: readonly string[] | undefined
  exempt?: readonly string[] | undefined
  mode?: Mode | undefined
}
