import { defineSystem } from '@posthorn/core'
import { allocation } from './allocation.ts'
import { notifications } from './notifications.ts'

const { Allocated, Deallocated, BackorderCancelled, OutOfStock } = allocation.events

/** Both domains, the clients that use them, and who is told what: the only input of provisioning. */
export const system = defineSystem({
  domains: [allocation, notifications],
  clients: { warehouse: { subscribes: [Deallocated] }, storefront: {} },
  subscriptions: { notifications: [OutOfStock, Allocated, Deallocated, BackorderCancelled] },
})
