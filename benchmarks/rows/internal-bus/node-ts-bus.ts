import { Bus, handlerFor } from '@node-ts/bus-core'
import { Command, Event } from '@node-ts/bus-messages'
import { Countdown } from '../../suite/window.ts'
import { contendDispatching } from './contend-dispatching.ts'
import { noteOrder, type OrderLine, placeOrder } from './shop.ts'

class PlaceOrder extends Command {
  readonly $name = 'shop/place-order'
  readonly $version = 1
  readonly line: OrderLine

  constructor(line: OrderLine) {
    super()
    this.line = line
  }
}

class OrderPlaced extends Event {
  readonly $name = 'shop/order-placed'
  readonly $version = 1
  readonly line: OrderLine

  constructor(line: OrderLine) {
    super()
    this.line = line
  }
}

const countdown = new Countdown()

const placing = handlerFor(PlaceOrder, async ({ line }) => {
  await placeOrder(line)
  countdown.count()
})

const noting = () =>
  handlerFor(OrderPlaced, async ({ line }) => {
    await noteOrder(line)
    countdown.count()
  })

await contendDispatching(async () => {
  const bus = Bus.configure().withHandler(placing).withHandler(noting(), noting(), noting()).build()
  await bus.initialize()
  await bus.start()
  return {
    async command(line) {
      const handled = countdown.from(1)
      await bus.send(new PlaceOrder(line))
      await handled
    },
    async event(line) {
      const handled = countdown.from(3)
      await bus.publish(new OrderPlaced(line))
      await handled
    },
  }
})
