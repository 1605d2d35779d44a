import { createMessageBus, type UnitsOfWork } from '@posthorn/core'
import { InMemoryStore, inMemoryUnitsOfWork } from '@posthorn/core/in-memory'
import { contendDispatching } from './contend-dispatching.ts'
import { domain } from './posthorn-shop.ts'
import { noteOrder, placeOrder } from './shop.ts'
import { unitsThatCostNothing } from './units-that-cost-nothing.ts'

const { PlaceOrder, PlaceValidOrder } = domain.commands
const { OrderPlaced } = domain.events
const store = new InMemoryStore()

await contendDispatching(async (argument) => {
  const units: UnitsOfWork<object, 'shop'> =
    argument === 'in-memory'
      ? inMemoryUnitsOfWork({ domain, store, repositories: {} })
      : unitsThatCostNothing()
  const bus = createMessageBus({
    domain,
    units,
    outbox: store.queue,
    handlers: {
      commands: {
        PlaceOrder: ({ payload }) => placeOrder(payload),
        PlaceValidOrder: ({ payload }) => placeOrder(payload),
      },
      events: {
        OrderPlaced: {
          note: ({ payload }) => noteOrder(payload),
          noteAgain: ({ payload }) => noteOrder(payload),
          noteOnceMore: ({ payload }) => noteOrder(payload),
        },
      },
    },
  })
  await bus.start()
  const make = argument === 'validated' ? PlaceValidOrder : PlaceOrder
  return {
    command: (line) => bus.handle(make({ ...line })),
    async event(line) {
      const { failures } = await bus.handle(OrderPlaced({ ...line }))
      if (failures.length > 0) throw failures[0]?.error
    },
    async close() {
      await bus.stop()
    },
  }
})
