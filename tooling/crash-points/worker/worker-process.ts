import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { projectRoot } from '../../running-system/project-root.ts'

/** A service, or a client that makes calls. */
export type Role = 'desk' | 'books' | 'kiosk'

/** What a worker is told at its start. */
export interface WorkerOrders {
  readonly roles: readonly Role[]
  readonly deskUrl: string
  readonly booksUrl: string
  readonly amqpUrls: Readonly<Record<Role, string>>
  readonly namespace: string
  /** Whether the books want their events in order. */
  readonly ordered: boolean
  /** Where it dies; null for one that stays alive. */
  readonly label: string | null
  /** At which passage of that step. */
  readonly nth: number
  /** How often its relay looks for what others have left, in ms. */
  readonly poll: number
}

/** A worker that was started. */
export interface WorkerProcess {
  /** Resolves when it works, or has ended before. */
  readonly ready: Promise<void>
  readonly ended: boolean
  readonly exited: Promise<WorkerEnd>
  stop(): Promise<WorkerEnd>
  kill(): void
}

export interface WorkerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The step that it named in the moment of its death. */
  readonly diedAt: string | null
  readonly errors: string
}

const SCRIPT = join(projectRoot, 'tooling/dist/crash-points/worker/main.js')

/** @param hear what it says, line by line, but for its start and its death */
export function startWorker(orders: WorkerOrders, hear: (line: string) => void): WorkerProcess {
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(orders)], { stdio: 'pipe' })
  let errors = ''
  let diedAt: string | null = null
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  let beReady = () => {}
  const working = new Promise<void>((resolve) => {
    beReady = resolve
  })
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    if (line === 'ready') beReady()
    else if (line.startsWith('died ')) diedAt = line.slice(5)
    else hear(line)
  })
  // All that it said has been heard by then.
  const exited = Promise.all([once(child, 'close'), once(lines, 'close')]).then(([[code, signal]]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    diedAt,
    errors,
  }))
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  return {
    ready: Promise.race([working, exited.then(() => undefined)]),
    get ended() {
      return hasEnded()
    },
    exited,
    stop: () => {
      child.kill('SIGTERM')
      return exited
    },
    kill: () => void child.kill('SIGKILL'),
  }
}
