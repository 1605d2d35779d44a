export type { Overrides } from './bootstrap.ts'
export { bootstrap } from './bootstrap.ts'
export type { Config } from './config.ts'
export { loadConfig } from './config.ts'
