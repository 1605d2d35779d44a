/** `@posthorn/allocation/in-memory`: the service without servers, for a simulation to join. */
export { allocationBus } from '../allocation-bus.ts'
export { inMemoryStorage } from './in-memory-storage.ts'
