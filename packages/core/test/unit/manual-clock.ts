/** A clock that goes on only when told to, and what waits until all has gone on: those of the test kit. */
export { allTurns as settle } from '../../src/testing/all-turns.ts'
export { VirtualClock as ManualClock } from '../../src/testing/virtual-clock.ts'
