import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from '../../running-system/project-root.ts'

/** The Python client, a process for each call. */
export interface Warehouse {
  /** What the client says of a command that it sent. */
  call(command: string, payload: object, messageId?: string): Promise<Record<string, unknown>>
  /** What the client says of the next deliveries from its queue. */
  watch(count: number): Promise<Record<string, unknown>[]>
}

const run = promisify(execFile)
const python = process.env.POSTHORN_TEST_PYTHON || '/usr/bin/python3'
const script = join(projectRoot, 'tooling/e2e/warehouse-client/warehouse.py')
/** In ms, for one process. */
const DEADLINE = 15_000

/** @throws when there is no Python with pika */
export async function warehouse(url: string, vhost: string): Promise<Warehouse> {
  await run(python, ['-c', 'import pika'], { timeout: DEADLINE }).catch((cause) => {
    throw new Error(
      `${python} with pika is needed: install python3-pika, or name another Python in POSTHORN_TEST_PYTHON`,
      { cause },
    )
  })
  const env = { ...process.env, AMQP_URL: url, AMQP_VHOST: vhost }
  const lines = async (...args: string[]) => {
    const { stdout } = await run(python, [script, ...args], { env, timeout: DEADLINE, killSignal: 'SIGKILL' })
    const parsed: Record<string, unknown>[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    return parsed
  }
  return {
    call: async (command, payload, messageId) => {
      const repeat = messageId === undefined ? [] : ['--message-id', messageId]
      const [answer] = await lines('call', command, JSON.stringify(payload), ...repeat)
      if (answer === undefined) throw new Error(`${command}: the client printed nothing`)
      return answer
    },
    watch: (count) => lines('watch', '--count', String(count)),
  }
}
