/**
 * `@posthorn/core/simulation`: runs whole systems, seed after seed, in virtual time on a broker and stores in memory, and
 * looks for the order of events that breaks a promise.
 */
export type { FaultName } from './simulation/faults.ts'
export type { Checks, Invariant, Observed } from './simulation/invariant.ts'
export type { Accepted, Answer, Asked, Claimed, Commit, Ledger } from './simulation/ledger.ts'
export { allFaults } from './simulation/plan.ts'
export type { Random } from './simulation/random.ts'
export { simulate } from './simulation/simulate.ts'
export { SimulationFailed } from './simulation/simulation-failed.ts'
export type { SimulationOptions, SimulationReport } from './simulation/simulation-options.ts'
export type { TraceStep } from './simulation/trace.ts'
export type { Host, Request, ServiceParts, SimulatedService, World } from './simulation/world.ts'
