/**
 * `@posthorn/core/testing`: tests of one's own services without servers, sleeps and fake timers, on any test runner.
 * `startRun` runs whole services in memory and waits until all is done; `given` tests one handler or one aggregate.
 */
export type { DeadMessage } from './testing/dead-messages.ts'
export { type GivenAggregate, type GivenUnits, given } from './testing/given.ts'
export type { ExpectedError, Outcome } from './testing/outcome.ts'
export { type RunOptions, startRun } from './testing/start-run.ts'
export type { SettleOptions, TestRun } from './testing/test-run.ts'
export type { TestedParts, TestedService, TestHost } from './testing/tested-service.ts'
export type { Failed, Handled } from './testing/tracker.ts'
export { VirtualClock } from './testing/virtual-clock.ts'
