import type { Policy } from '../../pipeline/policy.ts'

export interface HstsConfig {
  readonly maxAgeSeconds: number
}

export function configureHsts({ listen }: Policy): HstsConfig | undefined {
  return listen.hstsSeconds === 0 ? undefined : { maxAgeSeconds: listen.hstsSeconds }
}
