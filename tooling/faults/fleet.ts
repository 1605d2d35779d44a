import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '../running-system/eventually.ts'
import { freePort } from '../running-system/free-port.ts'
import { isReady, type ServiceProcess, startService } from '../running-system/service-process.ts'
import type { TcpProxy } from './tcp-proxy.ts'

export type ServiceName = 'allocation' | 'notifications'

/** In ms. A service that is told to stop gives itself 30 s. */
const LONGEST_STOP = 40_000
const LONGEST_START = 90_000
const RESTART_DELAY = 500
const MUCH = 100_000

/** How a process of a service ended. */
export interface Ending {
  readonly instance: string
  /** Null when a signal ended it. */
  readonly code: number | null
  /** `retired`: stopped when all was quiet, and there was nothing left to do. */
  readonly asked: 'killed' | 'stopped' | 'retired' | null
  /** Whether it had begun to serve. */
  readonly wasLive: boolean
  /** The last that it said. */
  readonly said: string
  /** What it printed that is no entry of its log. */
  readonly stray: readonly string[]
}

/**
 * One place where a service runs: always by the same links, but many processes one after another, each on a port of its
 * own: while nobody listens on a port others may take it.
 */
export interface Instance {
  readonly name: string
  readonly service: ServiceName
  /** Of the present process. */
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
  readonly #noted: Promise<void>[] = []
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
    await Promise.all(this.#noted)
  }

  #keepRunning({ name, service, port: firstPort, env, links }: InstanceOptions): Instance {
    const launch = (port: number): Life => {
      this.#starts += 1
      const process = startService({
        name: service,
        port,
        env: { ...env, [`${service.toUpperCase()}_PORT`]: `${port}` },
      })
      const life: Life = { process, asked: null, live: false, over: false }
      const { exited, output, url } = process
      const ask = async () => {
        life.live = !life.over && (await isLive(url))
        return life.live || life.over || undefined
      }
      eventually(ask, 'a process to begin to serve', LONGEST_START).catch(() => undefined)
      const note = async (code: number | null) => {
        life.over = true
        const { asked, live } = life
        // The last of what it said comes after its end.
        await pause(RESTART_DELAY)
        const said = output().slice(-3_000)
        this.endings.push({ instance: name, code, asked, wasLive: live, said, stray: strayLines(output()) })
        const port = await freePort()
        if (!this.#closing) current = launch(port)
      }
      this.#noted.push(exited.then(note))
      return life
    }
    let current = launch(firstPort)
    return {
      name,
      service,
      links,
      get url() {
        return current.process.url
      },
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
        victim.asked = this.#closing ? 'retired' : 'stopped'
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
  over: boolean
}

/** A log's entries are JSON. Of one that said much the beginning is not kept, and the first line may be half of one. */
function strayLines(output: string): readonly string[] {
  const lines = output.split('\n').slice(output.length < MUCH ? 0 : 1)
  return lines.filter((line) => line !== '' && !line.startsWith('{'))
}

async function isLive(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}
