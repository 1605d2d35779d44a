import { parseArgs } from 'node:util'

export interface DemoOptions {
  /** End after the scenario, with exit code 0 or 1. */
  readonly once: boolean
  readonly batches: string | undefined
  readonly orders: string | undefined
  readonly allocationPort: number
  readonly notificationsPort: number
}

/** @throws {Error} a sentence that says what to type */
export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): DemoOptions {
  let values: { once?: boolean; batches?: string; orders?: string }
  try {
    values = parseArgs({
      args: [...args],
      options: { once: { type: 'boolean' }, batches: { type: 'string' }, orders: { type: 'string' } },
    }).values
  } catch (error) {
    throw new Error(`${(error as Error).message}. Use: npm start -- [--once] [--batches FILE --orders FILE]`)
  }
  if ((values.batches === undefined) !== (values.orders === undefined)) {
    throw new Error('Give both --batches FILE and --orders FILE, or neither')
  }
  const allocationPort = port(env, 'ALLOCATION_PORT', 3001)
  const notificationsPort = port(env, 'NOTIFICATIONS_PORT', 3002)
  if (allocationPort === notificationsPort) {
    throw new Error(
      `ALLOCATION_PORT and NOTIFICATIONS_PORT are both ${allocationPort}; give each service its own`,
    )
  }
  return {
    once: values.once ?? false,
    batches: values.batches,
    orders: values.orders,
    allocationPort,
    notificationsPort,
  }
}

function port(env: Readonly<Record<string, string | undefined>>, name: string, fallback: number): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (Number.isInteger(value) && value > 0 && value < 65_536) return value
  throw new Error(`${name} is "${text}"; it must be a port, 1 to 65535`)
}
