import { type ChildProcess, fork } from 'node:child_process'
import type { Order, Report, Servers } from './contender.ts'
import type { Candidate, Figures } from './row.ts'

/** In ms: of a start, of a round, of an end. */
const DEADLINE = 120_000

/** A contender's process, from its start to its end. */
export class ContenderProcess {
  readonly name: string
  readonly #child: ChildProcess
  #stderr = ''

  private constructor(name: string, child: ChildProcess) {
    this.name = name
    this.#child = child
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4_000)
    })
  }

  static async start(folder: string, candidate: Candidate, servers: Servers): Promise<ContenderProcess> {
    const { name, module, argument = '' } = candidate
    const child = fork(new URL(`../rows/${folder}/${module}.js`, import.meta.url), {
      execArgv: ['--expose-gc', '--no-warnings'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        ...process.env,
        NODE_ENV: 'production',
        BENCHMARK_SERVERS: JSON.stringify(servers),
        BENCHMARK_ARGUMENT: argument,
      },
    })
    const contender = new ContenderProcess(name, child)
    await contender.#answer('start')
    return contender
  }

  async round(size: number, width: number): Promise<Figures> {
    const answer = this.#answer('do a round')
    this.#child.send({ round: size, width } satisfies Order)
    const report = await answer
    if ('figures' in report) return report.figures
    throw new Error(`${this.name} answered a round with ${JSON.stringify(report)}`)
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = new Promise((resolve) => this.#child.once('exit', resolve))
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    this.#child.send('end' satisfies Order, () => undefined)
    await exited
    clearTimeout(timer)
  }

  /** The next report. */
  #answer(task: string): Promise<Exclude<Report, { error: string }>> {
    const child = this.#child
    return new Promise((resolve, reject) => {
      const fail = (why: string) => settle(() => reject(new Error(`${this.name} could not ${task}: ${why}`)))
      const timer = setTimeout(() => fail(`no answer after ${DEADLINE} ms\n${this.#stderr}`), DEADLINE)
      const onExit = (code: number | null) => fail(`its process ended with ${code}\n${this.#stderr}`)
      const onMessage = (report: Report) =>
        'error' in report ? fail(report.error) : settle(() => resolve(report))
      const settle = (then: () => void) => {
        clearTimeout(timer)
        child.off('exit', onExit).off('message', onMessage)
        then()
      }
      child.on('exit', onExit).on('message', onMessage)
    })
  }
}
