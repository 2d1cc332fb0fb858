/** What a configuration file written in TypeScript needs: `import { defineConfig } from 'sallyport'`. */
export { defineConfig } from './gateway/config/define-config.ts'
export type { SallyportConfig } from './gateway/config/input.ts'
