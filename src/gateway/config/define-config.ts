import type { SallyportConfig } from './input.ts'

/**
 * Types a configuration written in TypeScript; `sallyport.config.ts` exports its result by default.
 * It checks nothing by itself: the gateway checks the file as it checks YAML.
 */
export function defineConfig(config: SallyportConfig): SallyportConfig {
  return config
}
