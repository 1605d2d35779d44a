import type { Figures } from './row.ts'

/** The servers that a contender has to itself: a vhost and a database with nothing in them. */
export interface Servers {
  /** Nobody else's: a vhost's or a namespace's. */
  readonly name: string
  /** The vhost's administrator. */
  readonly amqpUrl: string
  readonly managementUrl: string
  readonly databaseUrl: string
}

export interface Contender {
  /** Does the row's work `size` times over, `width` of it at once. */
  round(size: number, width: number): Promise<Figures>
  close?(): Promise<void>
}

/** From the suite to a contender's process. */
export type Order = { readonly round: number; readonly width: number } | 'end'

/** From a contender's process to the suite. */
export type Report = { readonly ready: true } | { readonly figures: Figures } | { readonly error: string }

/** The processor's time of a round, in µs for each unit of work; a contender may know better, and say so itself. */
export const CPU = 'CPU µs'

/**
 * Makes this process a contender: it does a round when told to, and ends when told to.
 *
 * @param start is given the candidate's `argument`, or the empty string
 */
export async function contend(
  start: (servers: Servers, argument: string) => Promise<Contender>,
): Promise<void> {
  const report = (message: Report) => process.send?.(message)
  const refuse = (error: unknown) =>
    report({ error: error instanceof Error ? `${error.stack}` : String(error) })
  try {
    const { BENCHMARK_SERVERS = '{}', BENCHMARK_ARGUMENT = '' } = process.env
    const contender = await start(JSON.parse(BENCHMARK_SERVERS) as Servers, BENCHMARK_ARGUMENT)
    process.on('message', (order: Order) => {
      const done = order === 'end' ? end(contender) : round(contender, order.round, order.width).then(report)
      done.catch(refuse)
    })
    report({ ready: true })
  } catch (error) {
    refuse(error)
  }
}

async function round(contender: Contender, size: number, width: number): Promise<Report> {
  // What earlier rounds have left is not this one's.
  globalThis.gc?.()
  const before = process.cpuUsage()
  const figures = await contender.round(size, width)
  const { user, system } = process.cpuUsage(before)
  return { figures: { [CPU]: (user + system) / size, ...figures } }
}

async function end(contender: Contender): Promise<void> {
  await contender.close?.()
  process.disconnect()
  // Peers' clients may keep timers; the work is done.
  process.exit(0)
}
