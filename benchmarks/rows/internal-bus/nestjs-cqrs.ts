import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { Command, CommandBus, CommandHandler, CqrsModule, EventBus, EventsHandler } from '@nestjs/cqrs'
import { Countdown } from '../../suite/window.ts'
import { contendDispatching } from './contend-dispatching.ts'
import { noteOrder, type OrderLine, placeOrder } from './shop.ts'

class PlaceOrder extends Command<{ readonly total: number }> {
  readonly line: OrderLine

  constructor(line: OrderLine) {
    super()
    this.line = line
  }
}

class OrderPlaced {
  readonly line: OrderLine

  constructor(line: OrderLine) {
    this.line = line
  }
}

class PlaceOrderHandler {
  execute({ line }: PlaceOrder) {
    return placeOrder(line)
  }
}

const countdown = new Countdown()

/** The bus does not say when an event's handlers are through; they do. */
function noting() {
  return class {
    async handle({ line }: OrderPlaced): Promise<void> {
      await noteOrder(line)
      countdown.count()
    }
  }
}

class ShopModule {}

await contendDispatching(async () => {
  const listeners = [noting(), noting(), noting()]
  // Decorators are functions.
  CommandHandler(PlaceOrder)(PlaceOrderHandler)
  for (const listener of listeners) EventsHandler(OrderPlaced)(listener)
  Module({ imports: [CqrsModule.forRoot()], providers: [PlaceOrderHandler, ...listeners] })(ShopModule)
  const app = await NestFactory.createApplicationContext(ShopModule, { logger: false })
  const commands = app.get(CommandBus)
  const events = app.get(EventBus)
  return {
    command: (line) => commands.execute(new PlaceOrder(line)),
    event(line) {
      const heard = countdown.from(3)
      events.publish(new OrderPlaced(line))
      return heard
    },
    close: () => app.close(),
  }
})
