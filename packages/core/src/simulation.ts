/**
 * `@posthorn/core/simulation`: runs whole systems, seed after seed, in virtual time on a broker and stores in memory, and
 * looks for the order of events that breaks a promise.
 */
export { standardInvariants } from './simulation/standard-invariants.ts'
export { allFaults, planFaults } from './simulation/plan.ts'
export { Run } from './simulation/run.ts'
export { replaceGlobals } from './simulation/process-globals.ts'
export type { World } from './simulation/world.ts'
