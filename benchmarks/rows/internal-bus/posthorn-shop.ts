import { command, defineDomain, event } from '@posthorn/core'
import { z } from 'zod'
import type { OrderLine } from './shop.ts'

interface Unchecked<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => { readonly value: T }
    readonly types?: { readonly input: T; readonly output: T }
  }
}

/** A schema that lets everything pass: the peers validate nothing. */
function unchecked<T>(): Unchecked<T> {
  return { '~standard': { version: 1, vendor: 'none', validate: (value) => ({ value: value as T }) } }
}

export const domain = defineDomain('shop', {
  commands: {
    PlaceOrder: command({
      input: unchecked<OrderLine>(),
      output: unchecked<{ readonly orderId: string; readonly total: number }>(),
    }),
    PlaceValidOrder: command({
      input: z.object({ orderId: z.string(), qty: z.int() }),
      output: z.object({ orderId: z.string(), total: z.int() }),
    }),
  },
  events: { OrderPlaced: event(unchecked<OrderLine>()) },
})
