import { type Actor, actor } from './actor.ts'
import type { Scheduler } from './scheduler.ts'

/** Who asks, and what befalls his next request. */
export interface Asker {
  readonly actor: Actor
  nextAnswer: 'refused' | 'lost' | null
  /** How many answers he waits for. */
  asking: number
}

/** Asks somebody outside of the world, over a network that can fail. */
export function askOutside<T>(
  scheduler: Scheduler,
  process: Asker,
  whom: string,
  what: string,
  work: () => T,
  onDone: () => void,
): Promise<T> {
  const outside = actor(whom)
  const fault = process.nextAnswer
  process.nextAnswer = null
  process.asking += 1
  return new Promise((resolve, reject) => {
    const answer = (text: string, settle: () => void) =>
      scheduler.send(outside, process.actor, text, () => {
        process.asking -= 1
        settle()
      })
    scheduler.send(process.actor, outside, what, () => {
      if (fault === 'refused') {
        answer(`${what}: not now`, () => reject(new Error(`${whom} does not answer`)))
        return
      }
      try {
        const value = work()
        onDone()
        if (fault === 'lost') answer(`${what}: answer lost`, () => reject(new Error(`${whom} fell silent`)))
        else answer(`${what}: done`, () => resolve(value))
      } catch (error) {
        answer(`${what}: refused`, () => reject(error))
      }
    })
  })
}
