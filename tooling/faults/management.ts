import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '../running-system/eventually.ts'

const TRIES = 10

/** A queue as the broker sees it; its figures are up to five seconds old. */
export interface QueueState {
  readonly vhost: string
  readonly name: string
  readonly messages: number
}

/** One that has just been opened may have no user yet, or not be told of for up to five seconds. */
export interface ConnectionState {
  readonly name: string
  readonly user?: string
  readonly vhost?: string
}

/** A message as the management API shows it. */
export interface DeadLetter {
  readonly queue: string
  readonly properties: {
    readonly type?: string
    readonly message_id?: string
    readonly headers?: Readonly<Record<string, unknown>>
  }
  readonly payload: string
}

/** What the fault machine asks of the broker's administrator. */
export class Management {
  readonly #origin: string
  readonly #authorization: string

  constructor(url: string) {
    const { origin, username, password } = new URL(url)
    this.#origin = origin
    this.#authorization = `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}`
  }

  async version(): Promise<string> {
    const { rabbitmq_version: version } = await this.#ask<{ rabbitmq_version: string }>('GET', ['overview'])
    return version
  }

  queues(vhost: string): Promise<readonly QueueState[]> {
    return this.#ask('GET', ['queues', vhost])
  }

  deleteQueue(vhost: string, name: string): Promise<void> {
    return this.#ask('DELETE', ['queues', vhost, name])
  }

  deleteExchange(vhost: string, name: string): Promise<void> {
    return this.#ask('DELETE', ['exchanges', vhost, name])
  }

  /** Takes from a user the right to publish, and to configure; reading stays. */
  async forbidWriting(vhost: string, user: string): Promise<void> {
    const { read } = await this.#ask<{ readonly read: string }>('GET', ['permissions', vhost, user])
    await this.#ask('PUT', ['permissions', vhost, user], { configure: '^$', write: '^$', read })
  }

  /** Who is connected to which vhost, one entry for each connection. */
  connections(): Promise<readonly ConnectionState[]> {
    return this.#ask('GET', ['connections'])
  }

  closeConnection(name: string): Promise<void> {
    return this.#ask('DELETE', ['connections', name])
  }

  /** In whatever vhost, and however new. */
  closeConnectionsOf(user: string): Promise<void> {
    return this.#ask('DELETE', ['connections', 'username', user])
  }

  /** Waits until the broker has, or no longer has, an alarm for memory or disk. */
  async untilAlarmed(wanted: boolean): Promise<void> {
    const ask = async () => {
      const { ok, status } = await this.#fetch('GET', 'health/checks/local-alarms')
      return (wanted ? status === 503 : ok) || undefined
    }
    await eventually(ask, `the broker to have ${wanted ? 'an' : 'no'} alarm`, 60_000)
  }

  async deadLetters(vhost: string, queue: string): Promise<readonly DeadLetter[]> {
    const look = { count: 1_000, ackmode: 'ack_requeue_true', encoding: 'auto' }
    const letters = await this.#ask<readonly Omit<DeadLetter, 'queue'>[]>(
      'POST',
      ['queues', vhost, queue, 'get'],
      look,
    )
    return letters.map((letter) => ({ ...letter, queue }))
  }

  async #ask<T>(method: string, path: readonly string[], body?: object): Promise<T> {
    const resource = path.map(encodeURIComponent).join('/')
    for (let tries = 1; ; tries++) {
      const { ok, status, text } = await this.#fetch(method, resource, body)
      // The callers know what the API answers; nothing where there was nothing to delete.
      if (ok || status === 404) return (text === '' ? undefined : JSON.parse(text)) as T
      // For a while after its start it knows not all of what it is asked for.
      if (status < 500 || tries === TRIES) {
        throw new Error(`${method} ${resource} answered ${status}: ${text.slice(0, 300)}`)
      }
      await pause(1_000)
    }
  }

  /** Whoever does not answer in time, or at all, answers 599. */
  async #fetch(method: string, resource: string, body?: object) {
    try {
      const response = await fetch(`${this.#origin}/api/${resource}`, {
        method,
        headers: { authorization: this.#authorization, 'content-type': 'application/json' },
        signal: AbortSignal.timeout(10_000),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { ok: response.ok, status: response.status, text: await response.text() }
    } catch (error) {
      return { ok: false, status: 599, text: `${error}` }
    }
  }
}
