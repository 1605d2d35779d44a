import { allocationBus, inMemoryStorage as allocationStorage } from '@posthorn/allocation/in-memory'
import { allocation, notifications, system } from '@posthorn/contracts'
import type { Random, Request, World } from '@posthorn/core/simulation'
import { notificationsBus, inMemoryStorage as notificationsStorage } from '@posthorn/notifications/in-memory'

const SKUS = ['LAMP', 'SOFA'] as const
const WATCHERS = ['ann@example.com', 'bob@example.com'] as const
const { CreateBatch, ChangeBatchQuantity, Allocate, CancelLine } = allocation.commands

/** Both services as their bootstraps join them, on a broker and stores in memory, with a mail server outside. */
export const servicesWorld: World = {
  system,
  services: {
    allocation: {
      instances: (random) => random.int(1, 2),
      start: ({ store, externalBus }) => {
        const storage = allocationStorage(store)
        externalBus.registerDomains(notifications.name)
        return { bus: allocationBus({ storage, onError: () => undefined }), outbox: storage.outbox }
      },
    },
    notifications: {
      start: ({ store, externalBus, ask }) => {
        const storage = notificationsStorage(store)
        externalBus.registerDomains(allocation.name)
        const mailer = {
          send: ({ id, recipient, subject }: { id: string; recipient: string; subject: string }) =>
            ask(MAIL_SERVER, mailTo(recipient, subject, id), () => ({ refused: null })),
        }
        const dependencies = { mailer, externalBus }
        return {
          bus: notificationsBus({ storage, dependencies, onError: () => undefined }),
          outbox: storage.outbox,
        }
      },
    },
  },
  script,
}

export const MAIL_SERVER = 'mail server'

export function mailTo(recipient: string, subject: string, id: string): string {
  return `mail to ${recipient}: ${subject} <${id}>`
}

/** A warehouse that buys and counts, and a storefront that sells more than there is. Each order has one line. */
function script(random: Random): readonly Request[] {
  const requests: Request[] = []
  const ask = (by: string, from: number, to: number, command: Request['command']) =>
    void requests.push({ by, at: random.int(from, to), command })

  const batches = random.int(1, 3)
  for (let i = 1; i <= batches; i++) {
    const batch = { ref: `batch-${i}`, sku: random.pick(SKUS), qty: random.int(1, 8) }
    ask('warehouse', 0, 50, () => CreateBatch(batch))
    if (random.chance(0.5)) {
      const change = { ref: batch.ref, qty: random.int(0, 8) }
      ask('warehouse', 50, 400, () => ChangeBatchQuantity(change))
    }
  }
  const orders = random.int(2, 5)
  for (let i = 1; i <= orders; i++) {
    const line = { orderId: `order-${i}`, sku: random.pick(SKUS) }
    const wanted = {
      ...line,
      qty: random.int(1, 4),
      notify: random.chance(0.3) ? random.pick(WATCHERS) : null,
    }
    ask('storefront', 0, 300, () => Allocate(wanted))
    if (random.chance(0.25)) ask('storefront', 100, 500, () => CancelLine(line))
  }
  return requests
}
