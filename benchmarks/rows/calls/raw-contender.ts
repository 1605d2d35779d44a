import amqplib from 'amqplib'
import { contend } from '../../suite/contender.ts'
import { serveCalls } from './raw-callee.ts'
import { rawCaller } from './raw-caller.ts'
import { roundOfCalls } from './ship-order.ts'

export function contendRaw(options: { readonly noDelay?: boolean }): Promise<void> {
  return contend(async ({ amqpUrl }) => {
    const callee = await amqplib.connect(amqpUrl, options)
    const caller = await amqplib.connect(amqpUrl, options)
    await serveCalls(callee)
    return {
      round: roundOfCalls(await rawCaller(caller)),
      async close() {
        await caller.close()
        await callee.close()
      },
    }
  })
}
