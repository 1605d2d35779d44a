import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { type Fence, fencesOf } from '../../checks/fences.mjs'
import { patched } from '../../checks/tutorial.mjs'
import { eventually } from '../../running-system/eventually.ts'

const run = promisify(execFile)

/** Somebody who does what a tutorial says, in an empty folder. */
export interface Reader {
  /**
   * Writes each file and runs each command of a page, in their order, and compares what is printed with what the page
   * says. A command with `terminal=` runs on, until the page has been read: then it gets Ctrl-C, and has to end well. A
   * block marked `servers` is left out: it would start what the environment names.
   */
  read(page: { readonly path: string; readonly text: string }): Promise<void>
  /** Ends what a page that failed has left running. */
  end(): void
}

/** A command that runs on. */
interface Terminal {
  readonly child: ChildProcess
  output(): string
}

export function reader(folder: string, env: NodeJS.ProcessEnv): Reader {
  const terminals = new Map<string, Terminal>()

  async function follow({ language, name, code, words, path, line }: Fence, before: Fence | undefined) {
    const place = `${path}:${line}`
    if (name !== undefined) {
      const file = join(folder, name)
      await mkdir(dirname(file), { recursive: true })
      const text = language === 'diff' ? patched(await readFile(file, 'utf8'), { path, line, code }) : code
      await writeFile(file, text)
    } else if (language === 'sh' && !words.includes('servers')) {
      const terminal = terminalOf(words)
      if (terminal !== undefined) terminals.set(terminal, open(code, folder, env))
      else printed = await shell(code, place)
    } else if (language === 'text') {
      const terminal = terminalOf(words) ?? terminalOf(before?.words ?? [])
      if (terminal !== undefined) await waitFor(code, terminal, place)
      else if (before?.language === 'sh') expect(printed, place).toBe(code)
    }
  }
  let printed = ''

  async function shell(code: string, place: string): Promise<string> {
    const options = { cwd: folder, env, timeout: 240_000 }
    const { stdout } = await run('sh', ['-ec', code], options).catch(({ stdout, stderr }) => {
      throw new Error(`${place} fails:\n${stdout}${stderr}`)
    })
    return stdout
  }

  async function waitFor(text: string, name: string, place: string) {
    const output = () => terminals.get(name)?.output() ?? ''
    await eventually(
      () => output().includes(text) || undefined,
      () => `${place} to be printed; there is:\n${output()}`,
      60_000,
    )
  }

  return {
    async read(page) {
      let before: Fence | undefined
      for (const fence of fencesOf(page)) {
        await follow(fence, before)
        before = fence
      }
      for (const [name, { child, output }] of terminals) {
        terminals.delete(name)
        signal(child, 'SIGINT')
        const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode]
        expect(code, `${name} said:\n${output()}`).toBe(0)
      }
    },
    end() {
      for (const { child } of terminals.values()) signal(child, 'SIGKILL')
    },
  }
}

function terminalOf(words: readonly string[]): string | undefined {
  return words.find((word) => word.startsWith('terminal='))?.slice('terminal='.length)
}

/** In a group of its own, which gets signals as a whole, as from a keyboard. */
function open(code: string, cwd: string, env: NodeJS.ProcessEnv): Terminal {
  // The shell waits for what it runs, instead of ending before.
  const child = spawn('sh', ['-ec', `trap : INT\n${code}`], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output += chunk.toString()
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return { child, output: () => output }
}

function signal({ pid, exitCode }: ChildProcess, name: 'SIGINT' | 'SIGKILL') {
  if (pid !== undefined && exitCode === null) process.kill(-pid, name)
}
