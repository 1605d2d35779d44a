import { allocation, system as contracts, notifications } from '@posthorn/contracts'
import { defineSystem } from '@posthorn/core'

/** The client that hears all that the allocation domain tells. */
export const OBSERVER = 'observer'

/** The services' system and one client more, which hears everything. */
export const observedSystem = defineSystem({
  domains: [allocation, notifications],
  clients: {
    ...Object.fromEntries(
      contracts.clients.map((client) => [client, { subscribes: contracts.subscriptions.get(client) ?? [] }]),
    ),
    [OBSERVER]: { subscribes: Object.values(allocation.events).filter((event) => !event.private) },
  },
  subscriptions: { notifications: contracts.subscriptions.get('notifications') ?? [] },
})
