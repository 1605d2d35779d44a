export {
  ConfigurationError,
  portVariable,
  readEnvironment,
  serviceVariables,
  type TlsOptions,
  tlsOptions,
  urlVariable,
  wholeNumber,
} from './environment.ts'
export type { StatusTable } from './error-mapping.ts'
export { handleCommand, idempotencyKey } from './handle-command.ts'
export type { Routes } from './http-server.ts'
export { createLogger } from './logger.ts'
export { commandProblems, commonProblems, problem } from './problem.ts'
export { runService } from './run-service.ts'
export type { Service } from './service.ts'
export { createService } from './service.ts'
export type { ServiceTelemetry } from './service-telemetry.ts'
export { startTelemetry } from './start-telemetry.ts'
export type { Storage } from './storage.ts'
