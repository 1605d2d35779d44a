import { PosthornError } from '../errors.ts'
import type { Frame, Incoming } from '../external-bus/broker.ts'
import { type Settlement, UnsettledMessage } from '../external-bus/unsettled-message.ts'
import type { Actor } from './actor.ts'
import type { Lane, Scheduler } from './scheduler.ts'

/** Which way of a connection is dead: nothing arrives there any more. */
export type Direction = 'out' | 'in' | 'both'

/** What a connection needs of the broker at its other end. */
export interface FarEnd {
  readonly actor: Actor
  nameOf(frame: Frame): string
  /** How often the next frame arrives. */
  takeCopies(): number
  /** How much longer it takes, in ms. */
  takeDelay(): number
}

type Failing = (error: PosthornError) => void

/** One connection of a process to the broker: four ways on which nothing overtakes, until it is lost. */
export class LinkConnection {
  readonly #broker: FarEnd
  readonly #scheduler: Scheduler
  readonly #process: Actor
  readonly #frames: Lane
  readonly #confirms: Lane
  readonly #deliveries: Lane
  readonly #replies: Lane
  readonly #unconfirmed = new Set<Failing>()
  #out = true
  #in = true
  #isLeft = false

  constructor(broker: FarEnd, scheduler: Scheduler, process: Actor) {
    this.#broker = broker
    this.#scheduler = scheduler
    this.#process = process
    const lane = (): Lane => ({ last: scheduler.now })
    this.#frames = lane()
    this.#confirms = lane()
    this.#deliveries = lane()
    this.#replies = lane()
  }

  /** Whether everything arrives, either way. */
  get isWhole(): boolean {
    return this.#out && this.#in
  }

  /** Whether something waits for the broker's word on it that may yet come. */
  get isWaiting(): boolean {
    return this.#unconfirmed.size > 0 && this.isWhole
  }

  kill(direction: Direction): void {
    if (direction !== 'in') this.#out = false
    if (direction !== 'out') this.#in = false
  }

  /** The process knows that it is lost. */
  leave(error: PosthornError): void {
    this.kill('both')
    this.#isLeft = true
    this.fail(error)
  }

  /** Nobody will learn what became of that which is not confirmed. */
  fail(error: PosthornError): void {
    for (const fail of [...this.#unconfirmed]) fail(error)
  }

  /** The last that is sent on it: it arrives whatever befalls the connection. */
  close(what: string, run: () => void): void {
    this.#scheduler.send(this.#process, this.#broker.actor, what, run, this.#frames)
  }

  /**
   * @param deadline in µs of virtual time
   * @param accept what the broker does with it; it tells what it says to it
   */
  publish(
    frame: Frame,
    deadline: number,
    accept: (confirm: (error?: PosthornError) => void) => void,
    onConfirmed: () => void,
  ): Promise<void> {
    const name = this.#broker.nameOf(frame)
    return new Promise<void>((resolve, reject) => {
      const left = (deadline - this.#scheduler.now) / 1_000
      const cancel = this.#scheduler.after(this.#process, left, null, () => fail(timedOut(name)))
      const settle = () => {
        cancel()
        this.#unconfirmed.delete(fail)
      }
      const fail: Failing = (error) => {
        settle()
        reject(error)
      }
      this.#unconfirmed.add(fail)
      this.#send(name, () =>
        accept((error) =>
          this.#bring(this.#confirms, `${name}: ${error?.code ?? 'confirmed'}`, () => {
            settle()
            onConfirmed()
            if (error === undefined) resolve()
            else reject(error)
          }),
        ),
      )
    })
  }

  deliver(incoming: Incoming, receive: (incoming: Incoming) => void): void {
    const { frame, redelivered } = incoming
    const name = `${this.#broker.nameOf(frame)}${redelivered ? ' again' : ''}`
    this.#bring(this.#deliveries, name, () => receive(this.#handedOut(incoming)))
  }

  reply(frame: Frame, receive: () => void): void {
    for (let copies = this.#broker.takeCopies(); copies > 0; copies--) {
      this.#bring(this.#replies, this.#broker.nameOf(frame), receive)
    }
  }

  #handedOut(incoming: Incoming): Incoming {
    let isOut = true
    return new UnsettledMessage(incoming, {
      isOut: () => isOut && !this.#isLeft,
      settle: (settlement) => {
        if (!isOut || this.#isLeft) return
        isOut = false
        const name = this.#broker.nameOf(incoming.frame)
        this.#send(`${WORDS[settlement]} ${name}`, () => settle(incoming, settlement))
      },
      isHeard: () => this.#isHeard(),
    })
  }

  /** False once it is lost. */
  #isHeard(): Promise<boolean> {
    return new Promise((resolve) => {
      const fail: Failing = () => settle(false)
      const settle = (heard: boolean) => {
        this.#unconfirmed.delete(fail)
        resolve(heard)
      }
      this.#unconfirmed.add(fail)
      this.#send('all settled?', () => this.#bring(this.#confirms, 'all settled', () => settle(true)))
    })
  }

  #send(what: string, run: () => void): void {
    const { actor } = this.#broker
    const extra = this.#broker.takeDelay()
    const arrive = () => {
      if (this.#out) run()
      else this.#scheduler.note(actor, `lost: ${what}`)
    }
    this.#scheduler.send(this.#process, actor, what, arrive, this.#frames, extra)
  }

  #bring(lane: Lane, what: string, run: () => void): void {
    const extra = this.#broker.takeDelay()
    const arrive = () => {
      if (this.#in) run()
      else this.#scheduler.note(this.#process, `lost: ${what}`)
    }
    this.#scheduler.send(this.#broker.actor, this.#process, what, arrive, lane, extra)
  }
}

const WORDS = {
  ack: 'ack',
  requeue: 'reject',
  reject: 'bury',
  release: 'hand back',
} as const satisfies Record<Settlement, string>

function settle(incoming: Incoming, settlement: Settlement): void {
  if (settlement === 'ack') incoming.ack()
  else if (settlement === 'release') incoming.release()
  else incoming.reject(settlement === 'requeue')
}

/** What a publisher is told that has waited for long enough. */
function timedOut(name: string): PosthornError<'PublishTimeout'> {
  return new PosthornError('PublishTimeout', `The broker did not confirm ${name} in time`, {
    outcome: 'unknown',
    retryable: true,
  })
}
