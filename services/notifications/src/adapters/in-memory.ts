/** `@posthorn/notifications/in-memory`: the service without servers, for a simulation to join. */
export { notificationsBus } from '../notifications-bus.ts'
export { inMemoryStorage } from './in-memory-storage.ts'
