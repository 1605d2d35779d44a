import { contendDispatching } from './contend-dispatching.ts'
import { noteOrder, placeOrder } from './shop.ts'

await contendDispatching(async () => ({
  command: placeOrder,
  async event(line) {
    await noteOrder(line)
    await noteOrder(line)
    await noteOrder(line)
  },
}))
