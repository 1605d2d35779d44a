import { parseArgs } from 'node:util'

export interface DemoOptions {
  /** End after the scenario, with exit code 0 or 1. */
  readonly once: boolean
  readonly files: { readonly batches: string; readonly orders: string } | undefined
  readonly allocationPort: number
  readonly notificationsPort: number
}

/** Reads what the dev runner says, which has checked it. */
export function readOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean', default: false },
      batches: { type: 'string' },
      orders: { type: 'string' },
      'allocation-port': { type: 'string', default: '3001' },
      'notifications-port': { type: 'string', default: '3002' },
    },
  })
  const { once, batches, orders } = values
  return {
    once,
    files: batches === undefined || orders === undefined ? undefined : { batches, orders },
    allocationPort: Number(values['allocation-port']),
    notificationsPort: Number(values['notifications-port']),
  }
}
