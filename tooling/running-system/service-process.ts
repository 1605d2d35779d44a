import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { eventually } from './eventually.ts'
import { projectRoot } from './project-root.ts'

/** A service as its own process, from its built code. */
export interface ServiceProcess {
  readonly name: string
  readonly url: string
  readonly pid: number
  /** Everything it has printed. */
  readonly output: () => string
  /** Resolves with its exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>
  /** Waits until it says that it is ready. */
  ready(deadline?: number): Promise<void>
  /** SIGTERM, then SIGKILL after the deadline. Gives the exit code. */
  stop(deadline?: number): Promise<number | null>
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
}

export interface ServiceOptions {
  readonly name: string
  readonly port: number
  readonly env: Readonly<Record<string, string>>
  /** The script to run, from the project's root. Default: the service's own `main.js`. */
  readonly script?: string
  /** Another command to run, with its arguments, and the folder to run it in. Default: Node, at the project's root. */
  readonly command?: { readonly line: readonly [string, ...string[]]; readonly folder: string }
}

export function startService({ name, port, env, script, command }: ServiceOptions): ServiceProcess {
  const url = `http://127.0.0.1:${port}`
  const { line, folder } = command ?? {
    line: [process.execPath, script ?? `services/${name}/dist/main.js`] as const,
    folder: projectRoot,
  }
  const [program, ...args] = line
  const child: ChildProcess = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-200_000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  let ended = false
  const exited = once(child, 'exit').then(([code]) => {
    ended = true
    return code as number | null
  })

  return {
    name,
    url,
    pid: child.pid ?? -1,
    output: () => output,
    exited,
    ready: async (deadline = 30_000) => {
      await eventually(
        async () => {
          if (ended) throw new Error(`${name} ended before it was ready:\n${output.slice(-2_000)}`)
          return (await isReady(url)) ? true : undefined
        },
        () => `${name} to be ready; it said:\n${output.slice(-2_000)}`,
        deadline,
      )
    },
    stop: async (deadline = 30_000) => {
      if (ended) return exited
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), deadline)
      const code = await exited
      clearTimeout(timer)
      return code
    },
    kill: (signal) => void child.kill(signal),
  }
}

/** Whether it serves requests and has reached its broker. */
export async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) })
    const { status } = (await response.json()) as { status?: string }
    return response.ok && status !== 'degraded'
  } catch {
    return false
  }
}
