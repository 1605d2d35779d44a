import { allocationBus, inMemoryStorage as allocationStorage } from '@posthorn/allocation/in-memory'
import { allocation, system } from '@posthorn/contracts'
import type { World } from '@posthorn/core/simulation'
import { notificationsBus, inMemoryStorage as notificationsStorage } from '@posthorn/notifications/in-memory'

export const servicesWorld: World = {
  system,
  services: {
    allocation: {
      instances: 2,
      start: ({ store, externalBus }) => {
        externalBus.registerDomains('notifications')
        const storage = allocationStorage(store)
        return { bus: allocationBus({ storage, onError: () => undefined }), outbox: storage.outbox }
      },
    },
    notifications: {
      start: ({ store, externalBus, ask }) => {
        externalBus.registerDomains('allocation')
        const storage = notificationsStorage(store)
        const mailer = {
          send: (mail: { id: string; recipient: string; subject: string }) =>
            ask('mail server', `mail to ${mail.recipient}: ${mail.subject}`, () => ({ refused: null })),
        }
        const bus = notificationsBus({ storage, dependencies: { mailer, externalBus }, onError: () => undefined })
        return { bus, outbox: storage.outbox }
      },
    },
  },
  script: (random) => {
    const skus = ['LAMP', 'SOFA']
    const requests = []
    const c = allocation.commands
    for (let i = 0; i < 3; i++) {
      const ref = `b${i}`, sku = random.pick(skus), qty = random.int(1, 10)
      requests.push({ by: 'warehouse', at: random.int(0, 50), command: () => c.CreateBatch({ ref, sku, qty }) })
    }
    for (let i = 0; i < 6; i++) {
      const orderId = `o${i}`, sku = random.pick(skus), qty = random.int(1, 5)
      const notify = random.chance(0.3) ? 'ann@example.com' : null
      requests.push({ by: 'storefront', at: random.int(20, 200), command: () => c.Allocate({ orderId, sku, qty, notify }) })
      if (random.chance(0.3)) requests.push({ by: 'storefront', at: random.int(100, 400), command: () => c.CancelLine({ orderId, sku }) })
    }
    const ref = `b${random.int(0, 2)}`, qty = random.int(0, 10)
    requests.push({ by: 'warehouse', at: random.int(100, 300), command: () => c.ChangeBatchQuantity({ ref, qty }) })
    return requests
  },
}
