import { say } from '../failpoint.ts'
import { outcomeOf } from '../outcome-of.ts'
import { desk } from '../system.ts'
import type { WorkerParts } from './parts.ts'

const TIMEOUT = 5_000

/**
 * A client that calls the desk again and again. Before each call and after it says so: what it knew must outlive it.
 */
export async function startKiosk({ connect }: WorkerParts) {
  const bus = connect('kiosk')
  bus.registerDomains('desk')
  await bus.start()
  const callOnce = async () => {
    const ask = desk.commands.Ask({ key: 'kiosk', flavour: 'plain' })
    say(`asks ${ask.id}`)
    try {
      const { n } = await bus.call(ask, { timeout: TIMEOUT })
      say(`done ${ask.id} ${n}`)
    } catch (error) {
      say(`${outcomeOf(error) === 'not done' ? 'not-done' : 'unknown'} ${ask.id}`)
    }
  }
  let stopped = false
  const calling = (async () => {
    while (!stopped) await callOnce()
  })()
  return {
    stop: async () => {
      stopped = true
      await calling
      await bus.stop()
    },
  }
}
