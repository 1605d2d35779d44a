import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A program in our own process group: it cannot outlive the run, whatever ends that. */
export interface KillableProcess {
  readonly pid: number
  readonly ended: boolean
  /** The last that it printed. */
  readonly output: () => string
  /** Sends the signal and waits for the end. */
  end(signal: 'SIGKILL' | 'SIGQUIT' | 'SIGINT'): Promise<void>
}

export function startKillable(command: string, args: readonly string[], options: SpawnOptions = {}) {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000)
    })
  }
  const exited = once(child, 'exit')
  exited.catch(() => undefined)
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const killable: KillableProcess = {
    pid: child.pid ?? -1,
    get ended() {
      return hasEnded()
    },
    output: () => output,
    end: async (signal) => {
      if (hasEnded()) return
      child.kill(signal)
      await exited
    },
  }
  return killable
}

/** Runs a program to its end. @throws when it fails, with what it printed */
export async function runProgram(command: string, args: readonly string[], options: SpawnOptions = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000, ...options })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${output.slice(-2_000)}`)
  return output
}
