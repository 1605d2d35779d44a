/**
 * `@posthorn/core/in-memory`: a broker and a store that live in one process and pass the same contract suites as the
 * real ones. For tests, and for a demonstration without servers.
 */
export { InMemoryBroker } from './external-bus/in-memory-broker.ts'
export { inMemoryExternalBus } from './external-bus/in-memory-external-bus.ts'
export { inMemoryRepository } from './unit-of-work/in-memory-repository.ts'
export { InMemoryStore } from './unit-of-work/in-memory-store.ts'
export type { InMemoryUnit } from './unit-of-work/in-memory-transaction.ts'
export { inMemoryUnitsOfWork } from './unit-of-work/in-memory-units-of-work.ts'
