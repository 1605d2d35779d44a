import { type Actor, actor } from './actor.ts'
import type { Happened } from './happened.ts'
import type { Scheduler } from './scheduler.ts'

/** Who asks. */
export interface Asker {
  readonly actor: Actor
  /** How many answers he waits for. */
  asking: number
}

/** Everybody outside of the world, at the other end of a network that can fail. */
export class Outside {
  /** What befalls the next request. */
  next: { readonly fault: 'refused' | 'lost'; readonly happened: Happened } | null = null
  readonly #scheduler: Scheduler

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** @param onDone told when the work is done, whether or not the asker hears of it */
  ask<T>(asker: Asker, whom: string, what: string, work: () => T, onDone: () => void): Promise<T> {
    const scheduler = this.#scheduler
    const outside = actor(whom)
    const { fault, happened } = this.next ?? {}
    this.next = null
    asker.asking += 1
    return new Promise((resolve, reject) => {
      const answer = (text: string, settle: () => void) =>
        scheduler.send(outside, asker.actor, text, () => {
          asker.asking -= 1
          settle()
        })
      scheduler.send(asker.actor, outside, what, () => {
        happened?.(`the request of ${asker.actor.name} to ${whom} is ${fault}`)
        if (fault === 'refused') {
          answer(`${what}: not now`, () => reject(new Error(`${whom} does not answer`)))
          return
        }
        try {
          const value = work()
          onDone()
          if (fault === 'lost') {
            answer(`${what}: answer lost`, () => reject(new Error(`${whom} fell silent`)))
          } else {
            answer(`${what}: done`, () => resolve(value))
          }
        } catch (error) {
          answer(`${what}: refused`, () => reject(error))
        }
      })
    })
  }
}
