import { bytesPerCall } from '../../suite/bytes-per-call.ts'
import { CPU, contend } from '../../suite/contender.ts'
import { processorTime } from '../../suite/processor-time.ts'
import type { Figures } from '../../suite/row.ts'
import { type OrderLine, takeHandled } from './shop.ts'

/** A bus, as the row uses it. Both resolve when all handlers are through. */
export interface Dispatching {
  /** Gives the handler's result, or undefined where the bus has none. */
  readonly command?: (line: OrderLine) => Promise<unknown>
  readonly event: (line: OrderLine) => Promise<unknown>
  readonly close?: () => Promise<void>
}

const HANDLERS = 3

/** Makes this process a contender of the row: commands one after another, then events. */
export async function contendDispatching(open: (argument: string) => Promise<Dispatching>): Promise<void> {
  await contend(async (_servers, argument) => {
    const { command, event, close } = await open(argument)
    const send = command && (async (index: number) => check(index, await command(lineOf(index))))
    const publish = (index: number) => event(lineOf(index))
    return {
      async round(size) {
        let figures: Figures = {}
        takeHandled()
        const cpu = await processorTime(async () => {
          figures = {
            ...(send === undefined ? {} : { 'ns/command': await nanoseconds(size, send) }),
            'ns/event': await nanoseconds(size, publish),
          }
        })
        const { commands, events } = takeHandled()
        const calls = send === undefined ? 0 : size
        if (commands !== calls || events !== size * HANDLERS) {
          throw new Error(`${commands} commands and ${events} events were handled of ${calls} and ${size}`)
        }
        return {
          ...figures,
          ...(send === undefined ? {} : { 'bytes/command': await bytesPerCall(send) }),
          'bytes/event': await bytesPerCall(publish),
          [CPU]: cpu / (size + calls),
        }
      },
      ...(close === undefined ? {} : { close }),
    }
  })
}

async function nanoseconds(size: number, call: (index: number) => Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (let index = 0; index < size; index++) await call(index)
  return ((performance.now() - start) / size) * 1e6
}

function lineOf(index: number): OrderLine {
  return { orderId: `order-${index}`, qty: index % 10 }
}

function check(index: number, result: unknown): void {
  const { total = (index % 10) * 3 } = (result ?? {}) as { readonly total?: number }
  if (total !== (index % 10) * 3) throw new Error(`${total} is not the result of command ${index}`)
}
