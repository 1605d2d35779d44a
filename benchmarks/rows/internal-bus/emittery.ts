import Emittery from 'emittery'
import { contendDispatching } from './contend-dispatching.ts'
import { noteOrder, type OrderLine } from './shop.ts'

await contendDispatching(async () => {
  const emitter = new Emittery<{ orderPlaced: OrderLine }>()
  // The same function would be one listener.
  for (let handler = 0; handler < 3; handler++) emitter.on('orderPlaced', (line) => noteOrder(line))
  return { event: (line) => emitter.emit('orderPlaced', line) }
})
