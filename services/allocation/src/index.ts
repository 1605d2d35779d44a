export { bootstrap } from './bootstrap.ts'
export type { Overrides } from './bootstrap.ts'
export { loadConfig } from './config.ts'
export type { Config } from './config.ts'
