import { type Command, command, type Event, event, getInMemoryMessageBus } from '@event-driven-io/emmett'
import { contendDispatching } from './contend-dispatching.ts'
import { noteOrder, placeOrder } from './shop.ts'

type PlaceOrder = Command<'PlaceOrder', { orderId: string; qty: number }>
type OrderPlaced = Event<'OrderPlaced', { orderId: string; qty: number }>

await contendDispatching(async () => {
  const bus = getInMemoryMessageBus()
  bus.handle<PlaceOrder>(async ({ data }: PlaceOrder) => void (await placeOrder(data)), 'PlaceOrder')
  for (let handler = 0; handler < 3; handler++) {
    bus.subscribe<OrderPlaced>(({ data }: OrderPlaced) => noteOrder(data), 'OrderPlaced')
  }
  return {
    command: (line) => bus.send(command<PlaceOrder>('PlaceOrder', { ...line })),
    event: (line) => bus.publish(event<OrderPlaced>('OrderPlaced', { ...line })),
  }
})
