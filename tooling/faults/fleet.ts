import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '../running-system/eventually.ts'
import { isReady, type ServiceProcess, startService } from '../running-system/service-process.ts'
import type { TcpProxy } from './tcp-proxy.ts'

export type ServiceName = 'allocation' | 'notifications'

/** In ms. A service that is told to stop gives itself 30 s. */
const LONGEST_STOP = 40_000
const LONGEST_START = 90_000

/** How a process of a service ended. */
export interface Ending {
  readonly instance: string
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly asked: 'killed' | 'stopped' | null
  /** Whether it had begun to serve. */
  readonly wasLive: boolean
  /** The last that it said. */
  readonly said: string
}

/** One place where a service runs: always the same port and the same links, but many processes one after another. */
export interface Instance {
  readonly name: string
  readonly service: ServiceName
  readonly url: string
  readonly pid: number
  /** Its ways to the broker and to the database. */
  readonly links: { readonly broker: TcpProxy; readonly postgres: TcpProxy }
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  kill(): Promise<void>
  /** SIGTERM, as a deployment does. */
  stopInOrder(): Promise<void>
  /** Waits until it serves, whatever it lacks. */
  live(): Promise<void>
  /** Waits until it lacks nothing. */
  ready(): Promise<void>
}

export interface InstanceOptions {
  readonly name: string
  readonly service: ServiceName
  readonly port: number
  readonly env: Readonly<Record<string, string>>
  readonly links: Instance['links']
}

/** All instances of both services. Whatever ends is started again, as a supervisor does. */
export class Fleet {
  readonly instances: readonly Instance[]
  readonly endings: Ending[] = []
  #starts = 0
  #closing = false

  constructor(options: readonly InstanceOptions[]) {
    this.instances = options.map((instance) => this.#keepRunning(instance))
  }

  get starts(): number {
    return this.#starts
  }

  of(service: ServiceName): readonly Instance[] {
    return this.instances.filter((instance) => instance.service === service)
  }

  /** Stops all in good order; nothing is started any more. */
  async stop(): Promise<void> {
    this.#closing = true
    await Promise.all(this.instances.map((instance) => instance.stopInOrder()))
  }

  #keepRunning({ name, service, port, env, links }: InstanceOptions): Instance {
    const launch = (): Life => {
      this.#starts += 1
      const life: Life = { process: startService({ name: service, port, env }), asked: null, live: false }
      const { exited, output } = life.process
      const ask = async () => (await isLive(life.process.url)) || undefined
      const begun = () => {
        life.live = true
      }
      eventually(ask, 'a process to begin to serve', LONGEST_START).then(begun, () => undefined)
      void exited.then(async (code) => {
        const { asked, live } = life
        this.endings.push({ instance: name, code, asked, wasLive: live, said: output().slice(-3_000) })
        if (this.#closing) return
        await pause(500)
        if (!this.#closing) current = launch()
      })
      return life
    }
    let current = launch()
    return {
      name,
      service,
      url: current.process.url,
      links,
      get pid() {
        return current.process.pid
      },
      signal: (signal) => current.process.kill(signal),
      kill: async () => {
        const victim = current
        victim.asked = 'killed'
        victim.process.kill('SIGKILL')
        await victim.process.exited
      },
      stopInOrder: async () => {
        const victim = current
        victim.asked = 'stopped'
        await victim.process.stop(LONGEST_STOP)
      },
      live: async () => {
        const ask = async () => (await isLive(current.process.url)) || undefined
        await eventually(
          ask,
          () => `${name} to be live; it said:\n${current.process.output()}`,
          LONGEST_START,
        )
      },
      ready: async () => {
        const ask = async () => (await isReady(current.process.url)) || undefined
        await eventually(
          ask,
          () => `${name} to be ready; it said:\n${current.process.output()}`,
          LONGEST_START,
        )
      },
    }
  }
}

/** One process of an instance. */
interface Life {
  readonly process: ServiceProcess
  asked: Ending['asked']
  live: boolean
}

async function isLive(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}
